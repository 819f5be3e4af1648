import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { openSyscalls } from "../../../src/linux/native/syscalls.js";
import { readRecord, standinEnvironment } from "../../support/fakes/standin.js";
import { callKernel } from "../../support/programs/kernel-session.js";

const folder = mkdtempSync(join(tmpdir(), "syscalls-"));
test.after.always(() => rmSync(folder, { recursive: true }));

const { EINTR, ENOSYS } = constants.errno;

async function failTogether(
	count: number,
	threads: number,
): Promise<{ wrong: number[]; different: number; asked: number }> {
	const module = join(folder, "x.ko");
	const record = join(folder, `record-${threads}`);
	writeFileSync(module, "no module at all");
	// The kernel's stand-in would be called again after EINTR, and init_module would be tried after ENOSYS.
	const errnos = Array.from({ length: count }, (_, i) => 1 + (i % 133)).map((errno) =>
		[EINTR, ENOSYS].includes(errno) ? 19 : errno,
	);
	const outcomes = await callKernel(
		errnos.map((errno, i) => ({ insert: [module, `standin.errno=${errno} standin.sleep=${(i * 7) % 5}`] })),
		{ ...standinEnvironment(record), UV_THREADPOOL_SIZE: String(threads) },
	);
	const wrong = errnos.filter((errno, i) => outcomes[i]?.[3] !== errno);
	return { wrong, different: new Set(errnos).size, asked: readRecord(record).length };
}

test("errno is that of its own call among many at once", async (t) => {
	t.deepEqual(await failTogether(1000, 16), { wrong: [], different: 131, asked: 1000 });
});

test("more calls sleep at once than koffi would queue by itself", async (t) => {
	t.deepEqual(await failTogether(600, 604), { wrong: [], different: 131, asked: 600 });
});

test("a synchronous call has its errno too", async (t) => {
	const { setSocketOption, errnoName } = await openSyscalls();
	const SOL_SOCKET = 1;
	const outcome = setSocketOption(-1, SOL_SOCKET, 8, 4096);
	t.deepEqual(outcome, { result: -1, errno: constants.errno.EBADF });
	t.is(errnoName(outcome.errno), "EBADF");
});

test("every errno of node's has the same name here, the first where there are two", async (t) => {
	const { errnoName } = await openSyscalls();
	const second = ["EWOULDBLOCK", "EOPNOTSUPP", "EDEADLOCK"];
	const names = Object.entries(constants.errno).filter(([name]) => !second.includes(name));
	t.true(names.length > 70);
	for (const [name, errno] of names) t.is(errnoName(errno), name);
	t.is(errnoName(12_345), "E12345");
});
