hash=$1 size=$2 path=$3 machine=$4 ship=$5 mark=$6
say() { printf 'joblib-node %s\n' "$*"; }
refuse() { say "refuses: $*"; exit 1; }
sum() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum
  elif command -v shasum >/dev/null 2>&1; then shasum -a 256
  else openssl dgst -sha256 -r; fi 2>/dev/null | cut -c 1-64
}
is() { [ -f "$1" ] && [ "$(sum < "$1")" = "$hash" ]; }
run() { exec env "JOBLIB_PARALLEL_AGENT=$mark" "$1" joblib-parallel-agent; }
library() { getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/^/; the node has /'; }
folders() { for base in "${XDG_CACHE_HOME:-}" "${HOME:+$HOME/.cache}" "${TMPDIR:-/tmp}" /dev/shm; do
  [ -z "$base" ] || printf '%s\n' "$base/joblib-rs-$(id -u)"; done; }
[ -n "$(printf x | sum)" ] || refuse "there is none of sha256sum, shasum and openssl to check a program with"
own="$(uname -s) $(uname -m)"
[ "$own" = "$machine" ] || refuse "the program is one for $machine, and the node is $own"
if is "$path"; then run "$path"; fi
if [ "$ship" != ship ]; then
  [ -e "$path" ] || refuse "there is no $path"
  refuse "$path has SHA-256 $(sum < "$path"), and the program of the caller has $hash"
fi
umask 077
IFS='
'
for folder in $(folders); do
  if [ -O "$folder" ] && is "$folder/$hash"; then touch "$folder/$hash" 2>/dev/null; run "$folder/$hash"; fi
done
new=
for folder in $(folders); do
  if mkdir -p "$folder" 2>/dev/null && [ -O "$folder" ] && new=$(mktemp "$folder/new.XXXXXX" 2>/dev/null); then
    if printf '#!/bin/sh\n' > "$new" && chmod 700 "$new" && "$new" 2>/dev/null; then break; fi
    rm -f "$new"
  fi
  new=
done
[ -n "$new" ] || refuse "a program can be kept and run in none of: $(folders | tr '\n' ' ')"
trap 'rm -f "$new"' EXIT
find "$folder" -type f -mtime +30 -exec rm -f {} + 2>/dev/null
say "needs the program"
head -c "$size" > "$new" || refuse "the program can't be written to $folder"
is "$new" || refuse "the program did not arrive as it was sent: it has SHA-256 $(sum < "$new") instead of $hash"
probe=$(env "JOBLIB_PARALLEL_AGENT=$mark" "$new" joblib-parallel-probe 2>&1 </dev/null) ||
  refuse "the program does not run there: $(printf %s "$probe" | tr '\n' ' ')$(library)"
mv -f "$new" "$folder/$hash" || refuse "the program can't be kept in $folder"
trap - EXIT
run "$folder/$hash"
