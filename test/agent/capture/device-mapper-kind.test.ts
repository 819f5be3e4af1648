// The kind of a device-mapper device by the start of its UUID.
import test from "ava";
import { deviceMapperKind } from "../../../src/agent/capture/device-mapper-kind.js";

for (const [uuid, kind] of [
	["CRYPT-LUKS2-0123-home", "CRYPT-LUKS2"],
	["LVM-abc", "LVM"],
	["part1-mpath-3600", "part1-mpath"],
	["erna-LVM-abc", undefined],
	["LVM", undefined],
] as const)
	test(`${uuid} is of kind ${kind ?? "unknown"}`, (t) => {
		t.is(deviceMapperKind(uuid), kind);
	});
