// The first import of the scripts that root may run: at SIGUSR1 node would open its debugger to every user of this machine.
process.on("SIGUSR1", () => {});
