// The library on a real kernel: the README's first example, and questions that only a kernel can answer, compared with libkmod.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../support/vm/images/project-image.js";
import { foreignModule } from "../support/vm/images/test-modules.js";
import { boot } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

/** Three lines of the README. */
const [, example = ""] = /```js\n(.*?)```/s.exec(readFileSync(join(projectRoot, "README.md"), "utf8")) ?? [];

const config = `alias hp-slow hotplugd_slow
blacklist hotplugd_slow
options hotplugd_user numbers=1,2
install hotplugd_fail /bin/false $CMDLINE_OPTS
options hotplugd_fail errno=5
`;

const script = `
grep -c '^loop ' /proc/modules
cd /opt/hotplugd
node example.mjs || exit 1
grep -c '^loop ' /proc/modules
node library.mjs
`;

vmTest(
	"the README's example loads a module, and a real kernel answers the library as it answers libkmod",
	async (t) => {
		const { stdout, stderr, status } = await boot({
			processors: 1,
			testModules: true,
			files: {
				"/etc/modprobe.d/cases.conf": config,
				"/foreign.ko": await foreignModule(),
				"/opt/hotplugd/example.mjs": example,
				"/opt/hotplugd/library.mjs": readFileSync(join(projectRoot, "test/support/vm/guest/library.mjs"), "utf8"),
			},
			script,
			seconds: 400,
		});
		t.regex(example, /^(?:.+\n){3}$/);
		t.is(status, 0, stderr.toString());
		const [before, after, ...lines] = stdout.toString().trimEnd().split("\n");
		t.deepEqual([before, after], ["0", "1"]);
		const answers = lines.map((line): { question: string; real: unknown; ours: unknown } => JSON.parse(line));
		for (const { question, real, ours } of answers) t.deepEqual(ours, real, question);

		const find = (question: string) => JSON.stringify(answers.find((answer) => answer.question === question)?.ours);
		t.true(answers.filter(({ question }) => question.startsWith("state of ")).length > 10);
		t.regex(find("state of loop"), /^\["live",0,\d{4,},\[\],\[\[".*",".*"\].*\]\]$/);
		t.is(find("insertion with flags 0"), "[-8,-2]");
		t.is(find("insertion with flags 1"), "[0,0]");
		t.regex(
			find("probe of hotplugd_user with flags 0"),
			/^\[0,0,\["insert hotplugd_base ","insert hotplugd_user numbers=1,2 "\],1\]$/,
		);
		t.regex(find("probe of hotplugd_user with flags 32"), /^\[0,-17,/);
		t.is(find("probe of hp-slow with flags 262144"), "[262144,262144,[],-2]");
		t.regex(
			find("probe of hotplugd_fail with flags 0"),
			/^\[-22,-22,\["install .*","run hotplugd_fail \/bin\/false errno=5 "/,
		);
	},
);
