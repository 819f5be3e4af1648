import test from "ava";
import { isReplayToCome } from "../../../src/agent/devices/udev-trigger.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";

const list = (names: string[] | undefined) => ({
	list: (path: string) => (path === "/run/systemd/units" ? names : undefined),
});

test("udev's replay is to come as long as systemd has not started it, and where nobody knows it is not", (t) => {
	t.true(isReplayToCome(list(["invocation:systemd-udevd.service"])));
	t.true(isReplayToCome(list([])));
	t.false(isReplayToCome(list(["invocation:systemd-udev-trigger.service"])));
	t.false(isReplayToCome(list(undefined)));
});

test("where nobody may look at what systemd has started, udev's replay is not counted upon", (t) => {
	const refuse = (path: string) => {
		throw new Refusal({ operation: "list", subject: path, code: "EACCES" });
	};
	t.false(isReplayToCome({ list: refuse }));
});
