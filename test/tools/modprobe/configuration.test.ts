import test from "ava";
import { parseSettings } from "../../../src/agent/settings/settings-file.js";
import { type Files, Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { honoursEveryLine } from "../../../src/tools/modprobe/configuration.js";
import { filesIn } from "../../support/worlds/world.js";

async function read(files: Files) {
	const said: string[] = [];
	const machine = { parseSettings: async (...settings: [string, string]) => parseSettings(...settings) };
	const honours = await honoursEveryLine(files, machine, (severity, text) => said.push(`${severity}: ${text}`));
	return { honours, said };
}
const settings = (text: string) => filesIn(new Map([["/etc/hotplugd.toml", Buffer.from(text)]]));

test("without settings, and by default, lines count as in kmod", async (t) => {
	t.deepEqual(await read(filesIn(new Map())), { honours: false, said: [] });
	t.deepEqual(await read(settings("parallel = 3\n")), { honours: false, said: [] });
});

test("one setting makes every line count, for modprobe as for the agent", async (t) => {
	t.deepEqual(await read(settings("honour_every_line = true\n")), { honours: true, said: [] });
});

test("settings that are wrong, or cannot be read, are warned of and change nothing", async (t) => {
	t.deepEqual(await read(settings("\nhonour_every_line = 1\n")), {
		honours: false,
		said: ["WARNING: /etc/hotplugd.toml line 2: honour_every_line must be true or false"],
	});
	const refusing: Files = {
		...filesIn(new Map()),
		read(path) {
			throw new Refusal({ operation: "read", subject: path, code: "EACCES" });
		},
	};
	t.deepEqual(await read(refusing), {
		honours: false,
		said: ["WARNING: could not read the settings in /etc/hotplugd.toml: EACCES"],
	});
});
