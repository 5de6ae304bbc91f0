# Names of recordings, and files.
_wiretape_recordings() {
    local -a names
    names=(${(f)"$(_call_program recordings wiretape completions --names 2>/dev/null)"})
    _alternative 'recordings:recording:compadd -a names' 'files:file:_files'
}

