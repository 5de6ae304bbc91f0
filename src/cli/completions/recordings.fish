
# Names of recordings, where a verb takes one.
complete -c wiretape -n "__fish_wiretape_using_subcommand @VERBS@" -a "(wiretape completions --names 2>/dev/null)" -d Recording
