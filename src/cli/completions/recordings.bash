
# Names of recordings, where a verb takes one; all else is as above.
_wiretape_recordings() {
    _wiretape "$@"
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"
    local i word verb="" given=0 name dir=()
    [[ $cur == -* || $cur == "=" || $prev == "=" ]] && return 0
    case "$prev" in @VALUED@) return 0 ;; esac
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        case "$word" in
            @VALUED@)
                [[ ${COMP_WORDS[i + 1]} == "=" ]] && ((i++))
                ((i++))
                [[ $word == --dir ]] && dir=(--dir "${COMP_WORDS[i]/#\~\//$HOME/}")
                ;;
            -*) ;;
            *) if [[ -z $verb ]]; then verb="$word"; else ((given++)); fi ;;
        esac
    done
    case "$verb" in
        @MANY@) ;;
        @ONE@) ((given == 0)) || return 0 ;;
        *) return 0 ;;
    esac
    COMPREPLY=()
    while IFS= read -r name; do
        [[ $name == "$cur"* ]] && COMPREPLY+=("$name")
    done < <("$1" ${dir[@]+"${dir[@]}"} completions --names 2>/dev/null)
    return 0
}
