import { Worker } from 'node:worker_threads'
import { type Remote, remote } from './rpc.ts'
import type { NetworkService } from './service.ts'

/**
 * The one place that knows where the worker's code is. From the sources it is worker.ts beside this file; a bundle has
 * everything of this file's in one .js, and the worker as a second entry point, `network-worker.js`, beside it.
 */
const workerFile = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './network-worker.js', import.meta.url)

export interface RunningService extends AsyncDisposable {
  readonly service: Remote<NetworkService>
}

/**
 * Starts the thread of the network service; calls made before it is up wait in its port. It costs 12 MiB and 50 ms of
 * a processor, so it is started with the first network. It has no foreign functions: ffi-rs keeps one unguarded table of
 * symbols per process, and a process whose worker has loaded it crashes on exit.
 *
 * An error that escapes in it is an error of this process, like any other: the next engine takes over.
 */
export function startService(): RunningService {
  const worker = new Worker(workerFile, {
    name: 'network',
    // Names and addresses are all it holds; buffers are not counted.
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 4 },
  })
  worker.unref()
  return {
    service: remote<NetworkService>(worker),
    async [Symbol.asyncDispose]() {
      worker.removeAllListeners('message') // an answer would let the program end while this waits
      worker.ref()
      await worker.terminate()
    },
  }
}
