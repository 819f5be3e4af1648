// Imported first by the scripts that root may run: at SIGUSR1 node would open its debugger, to anybody on this machine.
process.on("SIGUSR1", () => {});
