// The agent's settings and their defaults. What each setting means and accepts stands in settings-table.ts, which is imported
// only with a settings file: without one, no command loads valibot for its settings.
import type { InferOutput } from "valibot";
import type { settingsTable } from "./settings-table.js";

export type Settings = {
	readonly [Key in keyof typeof settingsTable]: InferOutput<(typeof settingsTable)[Key]["schema"]>;
};

/** The message when the settings file was not named, and is a dangling symbolic link. */
export const DEFAULTS_COUNT = "is reached by a dangling symbolic link, so the defaults count";

export const defaultSettings: Settings = {
	source: "auto",
	parallel: 16,
	first: ["usb_host"],
	hung_seconds: 60,
	quiet_milliseconds: 1000,
	receive_buffer_bytes: 134_217_728,
	log_level: "info",
	honour_every_line: false,
	run_directory: "/run/hotplugd",
	commands_at_once: 4,
	command_socket: "",
	metrics_file: "",
	metrics_seconds: 15,
};
