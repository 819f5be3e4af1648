// What producer and workers share: the queue's name, and the connection to Redis by a Unix socket.
import { Redis } from "ioredis";

export const QUEUE = "compare";

/** The hash that holds the results: one field a machine, named by the digest of its capture. */
export const RESULTS = "compare:results";

/** @param socket path of Redis' Unix socket */
export const connect = (socket) => new Redis({ path: socket, maxRetriesPerRequest: null });
