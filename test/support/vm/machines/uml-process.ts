// A process of User-mode Linux, with all that it starts: it takes its turn with the other machines, and ends with who started it.
import { Qemu } from "./qemu-process.js";

/**
 * Runs its arguments until they end or until standard input does. The kernel's helpers and its guest's processes are processes of
 * this machine, in a group that the kernel has made for itself: they would live on without it, one of them busy for ever. They and
 * it take turns for each system call of the guest: on one processor that costs a quarter less than on two, and half of the time.
 */
const keeper = `
exec 9<&0
taskset -cp $((turn % $(nproc))) $$ >/dev/null 2>&1
"$@" </dev/null 4<&- 9<&- & program=$!
exec 2>/dev/null
{ read -r end; kill -KILL $program -$program; } <&9 & watcher=$!
echo begun
wait $program; status=$?
kill -KILL -$program $watcher
exit $status`;

/** The guest's second serial line is its descriptor 3. */
export const LINE = 3;

/** @param memory the folder for the file that is the guest's memory */
export function startKernel(args: readonly string[], memory: string): Qemu {
	const starter = ["setsid", "sh", "-c", keeper, "sh", "linux.uml"];
	return new Qemu(args, { kind: "uml", starter, env: { TMPDIR: memory } });
}
