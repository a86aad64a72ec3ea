#!/bin/sh
# Every option has its text in event-gateway.yaml(5), with the default and the effect that
# its row in option.def has, and its line with the default in the sample configuration.
# What may stand in a list has its text too.
cd "${top_srcdir:-.}" || exit 2
man=man/event-gateway.yaml.5
sample=etc/event-gateway.yaml
bad=0
[ -f src/loader/option.def ] || { echo "there is no table of options"; exit 77; }

fail() {
	echo "$*"
	bad=1
}

# The text of an option: from its .It to the next.
text_of() {
	awk -v name="$1" '/^\.(It|El)/ { in_it = ($0 == ".It Ic " name) } in_it' $man
}

# A line of the sample, commented or not: at the margin, or two in below its group.
sample_has() {
	awk -v group="$1" -v line="$2" '
		/^#?[a-z_]+:/ { at = $0; sub(/^#/, "", at); sub(/:.*/, "", at) }
		{ got = $0; sub(/^#/, "", got); sub(/ +#.*/, "", got); gsub(/"/, "", got); sub(/ +$/, "", got) }
		group == "" && got == line { found = 1 }
		group != "" && at == group && got == "  " line { found = 1 }
		END { exit !found }' $sample
}

rows=$(sed -n 's/^OPTION("\([a-z_.]*\)", \([A-Z]*\), [a-z_]*, "\([^"]*\)",.*, \(NEXT_RECORD\|NEXT_CONNECTION\|RELOAD\|RESTART\), ".*/\1 \4 \3/p' src/loader/option.def)
[ "$(echo "$rows" | wc -l)" = "$(grep -c '^OPTION(' src/loader/option.def)" ] || fail "src/loader/option.def: a row has another shape"
while read -r name force default; do
	effect=$(echo "$force" | tr 'A-Z_' 'a-z ')
	text=$(text_of "$name")
	[ -n "$text" ] || { fail "$name: no text in $man"; continue; }
	echo "$text" | grep -q "^Default: ${default:-empty}[.,]" || fail "$name: $man does not say \"Default: ${default:-empty}\""
	echo "$text" | grep -q "^Effect: $effect\.$" || fail "$name: $man does not say \"Effect: $effect.\""
	case $name in
	*.*) sample_has "${name%%.*}" "${name#*.}:${default:+ $default}" ;;
	*) sample_has "" "$name:${default:+ $default}" ;;
	esac || fail "$name: no line with its default in $sample"
done <<END
$rows
END
for member in $(grep -o '{ "[a-z_]*", [a-zA-Z_]* }' src/loader/config.c | cut -d'"' -f2 | sort -u); do
	grep -q "^\.Ss $member$\|^\.It Ic.*[. ]$member\( \|$\)\|^\.It Ic.*[. ]$member\.[a-z]" $man || fail "$member: a member without a text in $man"
done
exit $bad
