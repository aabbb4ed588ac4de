import { join } from 'node:path'
import type { Health } from '../../health/health.ts'
import type { Sandbox } from '../../network/network.ts'
import type { ContainerWaitResponse, WaitCondition } from '../api.ts'
import type { Directories } from '../context.ts'
import { Serial } from '../serial.ts'
import { RecordFile } from '../store/record.ts'
import type { WaitingClient } from './attach.ts'
import type { ContainerRecord } from './record.ts'
import type { Run } from './run.ts'
import { errorOf, exitCodeOf, isRunning } from './state.ts'

/** Where a container keeps things. */
export interface ContainerDirectory {
  /** In the data root: the record, the log, the exit record, the directories of the writable layer. */
  readonly root: string
  /** Where the upper and work directories of its writable layer are. */
  readonly writableLayer: string
  /** In the run-time directory: what is made anew for each run, three files of its /etc among it. */
  readonly run: string
  readonly hosts: string
  readonly hostname: string
  readonly resolvConf: string
}

export function containerDirectory(
  { containers, runs }: Pick<Directories, 'containers' | 'runs'>,
  id: string,
): ContainerDirectory {
  const [root, run] = [join(containers, id), join(runs, id)]
  return {
    root,
    writableLayer: root,
    run,
    hosts: join(run, 'hosts'),
    hostname: join(run, 'hostname'),
    resolvConf: join(run, 'resolv.conf'),
  }
}

/**
 * A container: what is kept of it, and while it runs, what it holds. Whoever changes its state does so within
 * `serial`; what only sends a signal or asks does not wait for anybody.
 */
export class Container {
  readonly directory: ContainerDirectory
  readonly serial = new Serial()
  #record: ContainerRecord
  readonly #file: RecordFile<ContainerRecord>

  run: Run | undefined
  /** How many runs it has had with this engine. */
  runs = 0
  /**
   * Its network namespace: from the start on, and over restarts. It stays as long as another container has joined it.
   */
  sandbox: Sandbox | undefined
  health: Health | undefined
  /** Until the next start by the restart policy. Disposing cancels it. */
  restartWait: Disposable | undefined
  /** The delay of the last restart by the policy, in milliseconds; 0 after somebody started it. */
  restartDelayMs = 0
  /** Between the two halves of a restart that somebody asked for, it keeps what it holds. */
  restarting = false
  removing = false
  /** Nothing of its runs is left; see release.ts. */
  released = false
  /** Those who attached before the start; see attach.ts. */
  readonly waiting = new Set<WaitingClient>()

  readonly #exitWaiters = new Set<() => void>()
  readonly #removalWaiters = new Set<(error?: string) => void>()
  removed = false

  constructor(record: ContainerRecord, directories: Pick<Directories, 'containers' | 'runs'>) {
    this.#record = record
    this.directory = containerDirectory(directories, record.id)
    this.#file = new RecordFile(join(this.directory.root, 'container.json'))
  }

  get id(): string {
    return this.#record.id
  }
  get name(): string {
    return this.#record.name
  }
  get record(): ContainerRecord {
    return this.#record
  }
  get state(): ContainerRecord['state'] {
    return this.#record.state
  }

  /** Changes what is kept of it. @returns a promise that resolves when the change is on disk */
  update(changes: Partial<ContainerRecord>): Promise<void> {
    this.#record = { ...this.#record, ...changes }
    return this.#file.write(this.#record)
  }

  /**
   * As update(), for what somebody asked for: what cannot be written down has not happened.
   * @throws Error why it could not be written; the record is what it was
   */
  async change(changes: Partial<ContainerRecord>): Promise<void> {
    const before = Object.fromEntries(
      Object.keys(changes).map(key => [key, this.#record[key as keyof ContainerRecord]]),
    )
    try {
      await this.update(changes)
    } catch (error) {
      void this.update(before).catch(() => {}) // that comes to the disk as soon as anything does
      throw error
    }
  }

  /** As update(), a moment later: for a change that the run record tells as well until it is on disk. */
  updateSoon(changes: Partial<ContainerRecord>): Promise<void> {
    this.#record = { ...this.#record, ...changes }
    return this.#file.writeSoon(this.#record)
  }

  /** Settles when the last change is on disk, without any hurry. */
  written(): Promise<void> {
    return this.#file.written()
  }

  /** Writes what is kept of it. */
  save(): Promise<void> {
    return this.#file.write(this.#record)
  }

  /** Settles when everything is on disk. */
  saved(): Promise<void> {
    return this.#file.settled()
  }

  /** Nothing is written any more: the directory is about to go, with the record in it. */
  forget(): void {
    this.#file.abandon()
  }

  /** Tells those who wait that it has ended (and perhaps starts again). */
  announceExit(): void {
    for (const tell of this.#exitWaiters) tell()
    this.#exitWaiters.clear()
  }

  announceRemoval(): void {
    this.removed = true
    this.announceExit()
    for (const tell of this.#removalWaiters) tell()
    this.#removalWaiters.clear()
  }

  /** Resolves once `condition` is met; stays pending if `signal` aborts before. */
  wait(condition: WaitCondition, signal?: AbortSignal): Promise<ContainerWaitResponse> {
    const result = (): ContainerWaitResponse => {
      // Like Docker, a removal takes the error along: who removes a container that did not start has been told.
      const error = this.removed ? undefined : errorOf(this.state)
      return { StatusCode: exitCodeOf(this.state), ...(error && { Error: { Message: error } }) }
    }
    const met = condition === 'not-running' ? !isRunning(this.state) : condition === 'removed' && this.removed
    if (met) return Promise.resolve(result())
    const waiters = condition === 'removed' ? this.#removalWaiters : this.#exitWaiters
    const { promise, resolve } = Promise.withResolvers<ContainerWaitResponse>()
    const tell = () => {
      signal?.removeEventListener('abort', forget)
      resolve(result())
    }
    const forget = () => void waiters.delete(tell)
    waiters.add(tell)
    signal?.addEventListener('abort', forget, { once: true })
    return promise
  }
}
