// Refusals of a module by the kernel, each with the files that tell why: one for every kind of evidence.
import { coldplug } from "../../../src/tools/coldplug/coldplug.js";
import { makeFakeMachine } from "../fakes/fake-machine.js";
import { elfImage, moduleImage, undefinedSymbol } from "../worlds/elf-image.js";
import { pkcs7, signedModule } from "../worlds/signed-module.js";
import { moduleDirectory, RELEASE, type World } from "../worlds/world.js";

export type RefusalCase = {
	readonly errno: string;
	/** "failed" when absent. */
	readonly result?: string;
	/** Files of the kernel, and the module's own where it is no plain one of this kernel. */
	readonly files?: Readonly<Record<string, string | Buffer>>;
};

/** The module that is refused, with a parameter. */
export const refusedWorld: World = {
	modules: { one: [] },
	aliases: { "x:one": "one" },
	config: "options one debug=yes\n",
};

export const pathOf = (module: string): string => `${moduleDirectory}/kernel/${module}.ko`;

/** A module file of this kernel. */
export const nativeImage = moduleImage([], [], [`vermagic=${RELEASE} SMP`]);

export const inBytes = (files: Readonly<Record<string, string | Buffer>>): Readonly<Record<string, string>> =>
	Object.fromEntries(Object.entries(files).map(([path, content]) => [path, content.toString("latin1")]));

const image = (bytes: Buffer): Readonly<Record<string, Buffer>> => ({ [pathOf("one")]: bytes });
const signed = image(signedModule(pkcs7({ issuer: [["commonName", "Somebody"]] })));
const needy = elfImage({ modinfo: [`vermagic=${RELEASE} SMP`], symbols: [undefinedSymbol("unheard_of")] });

export const refusals: readonly RefusalCase[] = [
	{ errno: "EPERM", files: { "/proc/sys/kernel/modules_disabled": "1\n" } },
	{ errno: "EPERM", files: { "/proc/self/status": "CapEff:\t0000000000000000\n" } },
	{ errno: "EPERM", files: { "/proc/cmdline": "module_blacklist=one\n" } },
	{ errno: "EPERM", files: { ...signed, "/sys/kernel/security/lockdown": "none [integrity] confidentiality\n" } },
	{ errno: "ENOENT", files: { ...image(needy), "/proc/kallsyms": "0 D known\n" } },
	{ errno: "EKEYREJECTED" },
	{ errno: "EKEYREJECTED", files: signed },
	{ errno: "EBADMSG", files: image(signedModule(Buffer.from("x"))) },
	{ errno: "ETIMEDOUT" },
	{ errno: "EINVAL", files: image(moduleImage([], [], [`vermagic=${RELEASE} SMP`, "parmtype=debug:int"])) },
	{ errno: "ENOEXEC", files: image(moduleImage([], [], ["vermagic=5.9.9 SMP"])) },
];

/** What coldplug --json prints of each refusal. */
export async function refusedRuns(): Promise<string> {
	const runs = refusals.map(async ({ errno, files = {} }) => {
		const fake = makeFakeMachine({
			world: refusedWorld,
			devices: { one: "x:one" },
			files: inBytes({ [pathOf("one")]: nativeImage, ...files }),
			answers: { one: errno },
		});
		await coldplug.start(["--quiet", "20", "--json"], fake);
		return fake.printed();
	});
	return (await Promise.all(runs)).join("");
}
