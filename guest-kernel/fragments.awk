# SPDX-License-Identifier: GPL-2.0-only
# What became of a user's configuration.  Files in this order, each after role=ROLE:
# needed (the rig's), result (what kconfig made of all), base (ours), asked (the user's).
#
# "note LINE" is to be said, "stop LINE" ends the build: what was asked for in a fragment
# and is not there would make it another kernel.  A whole configuration (kconfig wrote it)
# is a point to start from; what it has that this source does not is counted.

function read_line(line) {
	value = ""
	if (line ~ /^# CONFIG_[A-Za-z0-9_]+ is not set$/) {
		name = substr(line, 3)
		sub(/ is not set$/, "", name)
		value = "n"
	} else if (line ~ /^CONFIG_[A-Za-z0-9_]+=./) {
		name = substr(line, 1, index(line, "=") - 1)
		value = substr(line, index(line, "=") + 1)
	}
	return value != ""
}

function is(name) { return name in result ? result[name] : "n" }
function short(path) { sub(/.*\//, "", path); return path }

role == "asked" && FNR == 1 { files++ }
role == "asked" && FNR <= 5 && /^# Automatically generated file; DO NOT EDIT/ { whole[FILENAME] = 1 }
{ sub(/\r$/, "") }
role == "asked" && /^[ \t]*[^# \t]/ && !/^CONFIG_[A-Za-z0-9_]+=./ {
	print "stop " short(FILENAME) ":" FNR ": this is no line of a configuration (CONFIG_NAME=VALUE)"
}
!read_line($0) { next }
role == "needed" { needed[name] = value }
role == "result" { result[name] = value }
role == "base" { base[name] = value }
role == "asked" {
	if (!(name in asked)) order[++n] = name
	asked[name] = value
	file[name] = FILENAME
}

END {
	for (name in needed)
		if (is(name) != needed[name])
			print "stop this kernel has no " name "=" needed[name] ", which the rig needs"
	for (i = 1; i <= n; i++) {
		name = order[i]
		if (name in needed && needed[name] != asked[name])
			print "note " short(file[name]) ": " name "=" asked[name] " is not taken: the rig needs " name "=" needed[name]
		else if (is(name) == asked[name])
			continue
		else if (file[name] in whole)
			missed[file[name]]++
		else
			print "stop " short(file[name]) ": " name "=" asked[name] \
				" was asked for, kconfig makes it " is(name) " (what it depends on is not there)"
	}
	for (name in missed)
		print "note " short(name) ": " missed[name] " of its lines are otherwise in this kernel"
	for (name in base)
		if (!(name in asked) && is(name) != base[name] && base[name] != "n")
			lost = lost " " name "=" base[name]
	if (lost != "")
		print (files ? "note" : "stop") " this kernel has no" lost
}
