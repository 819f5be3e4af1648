// How anything that is passed over is told.

/** @param what was passed over, such as a device's path */
export type OnSkipped = (what: string, error: Error) => void;
