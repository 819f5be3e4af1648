// Intercepts libuv's handles of sockets and processes below node. Their methods return an errno as a negative number; node's own
// code turns it into errors.
import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { type AnyFunction, failure, meet, meetAt, numberOf } from "./interception.js";

type Handle = Record<string, AnyFunction>;

export function interceptHandles(): void {
	const binding = (process as unknown as { binding(name: string): Record<string, { prototype: Handle }> }).binding.bind(
		process,
	);
	const pipe = binding("pipe_wrap").Pipe!.prototype;
	const child = binding("process_wrap").Process!.prototype;
	intercept(pipe, "bind", "Pipe.bind");
	intercept(pipe, "listen", "Pipe.listen");
	intercept(pipe, "connect", "Pipe.connect");
	for (const name of ["writeBuffer", "writev", "writeUtf8String", "writeLatin1String", "writeAsciiString"])
		intercept(pipe, name, "Pipe.write");
	interceptSpawn(child);
	interceptAccept();
}

function intercept(prototype: Handle, name: string, call: string): void {
	const real = prototype[name]!;
	prototype[name] = function intercepted(...values) {
		const code = meet(call, call);
		return code === undefined ? real.apply(this, values) : -numberOf(code);
	};
}

/** libuv opens its ends of the child's pipes even when no child is forked. */
function interceptSpawn(prototype: Handle): void {
	const real = prototype.spawn!;
	prototype.spawn = function intercepted(options) {
		const code = meet("spawn", (options as { file: string }).file);
		if (code === undefined) return real.call(this, options);
		real.call(this, { ...(options as object), file: "/nowhere/program" });
		return -numberOf(code);
	};
}

/** A server gets failures of accept(2) as "error" events. */
function interceptAccept(): void {
	const { Server } = createRequire(import.meta.url)("node:net") as { Server: { prototype: EventEmitter } };
	const { emit } = EventEmitter.prototype;
	Server.prototype.emit = function intercepted(this: EventEmitter, event, ...values) {
		const code =
			event === "connection" ? meetAt("Pipe.accept", "src/linux/service/control-socket", "a client") : undefined;
		if (code === undefined) return emit.call(this, event, ...values);
		(values[0] as { destroy(): void }).destroy();
		return emit.call(this, "error", failure(code, "accept", "a socket"));
	};
}
