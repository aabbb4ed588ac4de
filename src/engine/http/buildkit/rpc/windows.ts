/** What either side may send ahead on a stream, and on a connection: enough that a build context does not wait for us. */
export const windows = {
  settings: { enablePush: false, initialWindowSize: 4 * 2 ** 20, maxFrameSize: 2 ** 18, maxConcurrentStreams: 100 },
} as const
