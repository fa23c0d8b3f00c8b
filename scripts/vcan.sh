#!/bin/sh
# Runs a program where there is a CAN interface vcan0: `scripts/vcan.sh FOLDER PROGRAM ARGUMENT...`
#
# Where this kernel has none, a kernel of its own is booted as an ordinary process (user-mode Linux): it sees
# this machine's files read-only, has a folder of its own for temporary files, and ends with the program.
# Debian's package is unpacked into FOLDER, not installed; what is there already is used. The exit code is the
# program's; 77: there is no such kernel to be had.
set -eu
folder=$1
shift

if ip link show vcan0 >/dev/null 2>&1; then
    exec "$@"
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
kernel=$folder/usr/bin/linux.uml
if [ ! -x "$kernel" ]; then
    (cd "$folder" && apt-get download -q user-mode-linux && dpkg -x user-mode-linux_*.deb . &&
        rm user-mode-linux_*.deb) >/dev/null 2>&1 || {
        echo "no vcan0 here, and Debian's user-mode-linux is not to be had"
        exit 77
    }
fi
command -v insmod >/dev/null && command -v ip >/dev/null || {
    echo "no vcan0 here, and no insmod and ip to set one up in user-mode Linux (Debian: kmod iproute2)"
    exit 77
}

work=$(mktemp -d "$folder/run.XXXXXX")
trap 'rm -rf "$work"' EXIT
# Every argument in quotes of its own.
quoted=
for word in "$@"; do
    quoted="$quoted '$(printf %s "$word" | sed "s/'/'\\\\''/g")'"
done
cat >"$work/init" <<END
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmpfs /run
for module in can can-dev can-raw vcan; do
    insmod \$(find '$folder/usr/lib/uml/modules' -name "\$module.ko*")
done
ip link set lo up
ip link add vcan0 type vcan
ip link set vcan0 up
cd '$PWD'
export TMPDIR=/run PATH='$PATH'
echo "vcan0 of Linux \$(uname -r)"
$quoted
echo "exit code \$?"
echo o >/proc/sysrq-trigger
sleep 9
END
chmod +x "$work/init"
# The kernel itself has no exit code to give: the last line says the program's.
TMPDIR=/dev/shm timeout "${VCAN_SECONDS:-120}" "$kernel" mem=512M root=/dev/root rootfstype=hostfs \
    rootflags=/ ro init="$work/init" con0=fd:0,fd:1 con=null ssl=null quiet </dev/null 2>&1 |
    tr -d '\r' >"$work/told"
if ! grep -q '^vcan0 of' "$work/told"; then
    echo "no vcan0 here, and user-mode Linux does not boot: $(grep -m 1 -E 'panic|errno|not found' "$work/told")"
    echo "(6.1 fails on processors with AMX, 7.2 does not; another linux.uml may be put at $kernel)"
    exit 77
fi
sed -n '/^vcan0 of/,/^exit code/p' "$work/told"
code=$(sed -n 's/^exit code \([0-9]*\)$/\1/p' "$work/told" | tail -n 1)
exit "${code:-1}"
