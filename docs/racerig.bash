# SPDX-License-Identifier: GPL-2.0-only
# Completion of racerig for bash.  Asks the program, so it knows what the program knows.

_racerig_names() { # MEMBER: names from racerig list --json
	racerig list --json 2>/dev/null | awk -v want="\"$1\"" '
		$1 == want { inside = 1 }
		inside && $1 == "\"name\"" { gsub(/[",]/, "", $3); print $3 }
		inside && /^  \]/ { exit }'
}

_racerig() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
	local words=

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		words=$(racerig help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
	elif [[ $before == --kernel || $before == -k ]]; then
		words=$(_racerig_names kernels)
	elif [[ $before == --stop-at ]]; then
		words=$(racerig list --json 2>/dev/null | sed -n 's/.*"id" : "\(I[0-9]*\)".*/\1/p')
	elif [[ $before == --policy || $before == -p ]]; then
		words="dpor dfs pct random"
	elif [[ $before == --with || $before == -w ]] && [ "$command" = debug ]; then
		words="gdb drgn both"
	elif [[ $before == --qemu ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$word"; compgen -f -- "$word")
		return
	elif [[ $word == -* ]]; then
		words=$(racerig "$command" --help | grep -o -- '--[a-z-]*')
	else
		case $command in
		explore|stress|boot|hash) words=$(_racerig_names scenarios) ;;
		pack) words=$(_racerig_names kernels) ;;
		kernel) [ "$COMP_CWORD" -eq 2 ] && words=build || words=$(_racerig_names kernels) ;;
		esac
	fi
	if [ -n "$words" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}
complete -o filenames -F _racerig racerig
