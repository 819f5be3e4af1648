// What all errors of hotplugd's own have in common.

/**
 * Every error of hotplugd's own: what is thrown and is none of these is a fault of the program, or an error of node's. The message is
 * for people, and may change; a program tells by the class, or by the code.
 */
export abstract class HotplugdError extends Error {
	/**
	 * The same from version to version, and no other class's, in node's style (ERR_NO_SUCH_MODULE): see each class. A Refusal's is the
	 * name of an errno (ENODEV), as that of node's own errors is.
	 */
	abstract readonly code: string;
}
