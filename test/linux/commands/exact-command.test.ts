import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import test from "ava";
import { exactCommand } from "../../../src/linux/commands/exact-command.js";

const ENVIRONMENT = { PATH: "/usr/bin:/bin" };
const OTHER = "\xe9";

/** The output and end of a command whose words and environment are bytes (latin1 strings). */
function run(
	words: readonly [string, ...string[]],
	environment: Readonly<Record<string, string>> = ENVIRONMENT,
	sh?: string,
) {
	const { program, parameters, env } = exactCommand(words, environment);
	const { status, signal, stdout, stderr } = spawnSync(sh === undefined ? program : sh, parameters, {
		env: { ...env },
		encoding: "latin1",
	});
	return { status, signal, stdout, stderr };
}

const sh = (command: string) => ["/bin/sh", "-c", command] as const;

test("what is UTF-8 is handed on by node itself", (t) => {
	t.deepEqual(exactCommand(["/bin/x", "l\xc3\xa0", ""], { A: "\xc3\xa9", "\xc3\xa9": "1" }), {
		program: "/bin/x",
		parameters: ["là", ""],
		env: { A: "é", é: "1" },
	});
});

test("words of any bytes reach the program as they are", (t) => {
	const everything = String.fromCharCode(...Array.from({ length: 255 }, (_, n) => n + 1));
	for (const word of [
		everything,
		`-${OTHER}`,
		`${OTHER}\n\n`,
		`'"$(id)\`\\%s\\n${OTHER}`,
		`\n${OTHER}`,
		`%%${OTHER}%`,
		`${OTHER}\\`,
	]) {
		const { stdout, status } = run(["/usr/bin/printf", "%s|", word, "", "a'b"]);
		t.deepEqual({ stdout, status }, { stdout: `${word}||a'b|`, status: 0 });
	}
});

test("a shell's command ends, complains and is quoted as the same command of ASCII alone", (t) => {
	for (const command of [
		"exit 3",
		"false",
		"kill -9 $$",
		"echo a; exit",
		"trap 'echo bye' EXIT; exit 5",
		"( exit 7 )",
		"echo 'unclosed",
		"no-such-command-here",
		'echo "$0 $# $1"',
		"set -e; false; echo on",
		"set -u; echo $UNSET",
		"exec /bin/echo gone",
		'read line; echo "<$line>"',
		"f() { return 4; }; f",
		"echo a \\\n b",
		"echo tail\\\n",
		"echo ends\n\n",
		"for i in 1 2; do echo $i; done >&2; exit 9",
		"cat <<'E'\n$x\nE\n",
		"echo $(echo '*') \"`echo x`\" 100% \\\\n",
	]) {
		const plain = run(sh(`${command}`));
		// The word that is no UTF-8 stands in a comment, so that the rest of the script is the same.
		const exact = run(sh(`: e\n${command}`.replace("e", OTHER)));
		const compared = run(sh(`: e\n${command}`));
		t.deepEqual(exact, compared, command);
		t.is(exact.status, plain.status, command);
		t.is(exact.signal, plain.signal, command);
	}
});

test("the environment has its bytes, and nothing beside it", (t) => {
	const environment = { ...ENVIRONMENT, A: OTHER, B: "\xc3\xa9\n", C: `-n ${OTHER}\n\n`, D: "", E: "'\\0'" };
	const { stdout } = run(["/usr/bin/env", "-0"], environment);
	const found = Object.fromEntries(
		stdout
			.split("\0")
			.slice(0, -1)
			.map((one) => /^(.*?)=(.*)$/s.exec(one)!.slice(1)),
	);
	for (const own of ["PWD", "OLDPWD", "SHLVL", "_"]) delete found[own];
	t.deepEqual(found, environment);
});

test("a variable that no shell could have is left out where a shell is needed", (t) => {
	t.deepEqual(run(["/usr/bin/env"], { ...ENVIRONMENT, "N\xe9": "x" }).stdout, "PATH=/usr/bin:/bin\n");
});

test("a program that is not there, or is none, ends the shell that was to become it", (t) => {
	for (const [program, status] of [
		["/none", 127],
		["/none\xe9", 127],
		["/etc/passwd", 126],
	] as const) {
		const ended = run([program, OTHER]);
		t.is(ended.status, status, program);
		t.is(ended.signal, null);
		t.true(ended.stderr.includes(program), ended.stderr);
	}
});

test("bash and busybox put the same bytes together", (t) => {
	const word = `caf${OTHER}\xff\xc3 'x' "y" \\ 100%\n`;
	for (const [shell, ...before] of [["/bin/bash"], ["/bin/busybox", "sh"]] as const) {
		if (!existsSync(shell)) {
			t.log(`${shell} is not here`);
			continue;
		}
		const { parameters } = exactCommand(["/usr/bin/printf", "%s", word], {});
		for (const LC_ALL of ["C", "C.UTF-8"]) {
			const { stdout } = spawnSync(shell, [...before, ...parameters], {
				env: { LC_ALL, ...ENVIRONMENT },
				encoding: "latin1",
			});
			t.is(stdout, word, `${shell} ${LC_ALL}`);
		}
	}
});
