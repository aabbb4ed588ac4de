import { Listr, ListrLogger, type ListrTaskWrapper, PRESET_TIMER, ProcessOutput } from 'listr2'
import type { ProgressEvent } from '../../compose/apply/report.ts'
import type { Progress } from './progress.ts'
import { warningLine } from './warnings.ts'

// biome-ignore lint/suspicious/noExplicitAny: listr2's own default for its type parameters
type Task = ListrTaskWrapper<any, any, any>

/** A resource on the display: it spins until it has been done as often as the plan does something to it. */
interface Row {
  readonly settled: PromiseWithResolvers<void>
  task: Task | undefined
  event: ProgressEvent
  left: number
  over: boolean
}

/** One display on the terminal, from `begin` to `end`: a line for each resource. */
class Display {
  readonly #rows: ReadonlyMap<string, Row>
  readonly #running: Promise<unknown>
  #header: Task | undefined

  constructor(expected: ReadonlyMap<string, number>, stream: NodeJS.WriteStream) {
    const waiting = (id: string): ProgressEvent => ({ id, text: '', status: 'working' })
    this.#rows = new Map(
      [...expected].map(([id, left]) => [
        id,
        { settled: Promise.withResolvers<void>(), task: undefined, event: waiting(id), left, over: false },
      ]),
    )
    const rows = [...this.#rows.values()].map(row => ({
      title: titleOf(row.event),
      task: (_: unknown, task: Task) => {
        row.task = task
        task.title = titleOf(row.event)
        return row.settled.promise
      },
    }))
    // listr2 draws on what it takes for stdout. The other stream is held back meanwhile, so that it cannot be drawn over.
    const other = stream === process.stderr ? process.stdout : process.stderr
    const logger = new ListrLogger({ useIcons: true, processOutput: new ProcessOutput(stream, other) })
    const list = new Listr(
      [
        {
          title: this.#headline(),
          task: (_, task) => {
            this.#header = task as Task
            task.title = this.#headline()
            return task.newListr(rows, { concurrent: true, exitOnError: false })
          },
        },
      ],
      {
        renderer: 'default',
        forceTTY: true,
        exitOnError: false,
        registerSignalListeners: false,
        rendererOptions: { logger, collapseSubtasks: false, formatOutput: 'truncate', timer: PRESET_TIMER },
      },
    )
    this.#running = list.run().catch(() => {})
  }

  show(event: ProgressEvent): void {
    const row = this.#rows.get(event.parentId ?? event.id)
    if (!row || this.#isOver()) return
    if (event.parentId !== undefined) {
      if (row.task) row.task.output = partOf(event)
      return
    }
    row.event = event
    if (row.task) row.task.title = titleOf(event)
    if (event.status === 'done' || event.status === 'warning') row.left--
    if (event.status === 'error') this.#end(row, error => row.settled.reject(error))
    else if (row.left <= 0) this.#end(row, () => row.settled.resolve())
    if (this.#header) this.#header.title = this.#headline()
  }

  async close(failed: boolean): Promise<void> {
    if (this.#isOver()) return void (await this.#running)
    for (const row of this.#rows.values()) {
      if (failed && !row.over) row.task?.skip()
      // What comes after this display (logs take its place) is no longer counted.
      else row.left = 0
      this.#end(row, () => row.settled.resolve())
    }
    if (this.#header) this.#header.title = this.#headline()
    await this.#running
  }

  #end(row: Row, settle: (error: Error) => void): void {
    if (row.over) return
    row.over = true
    settle(new Error(titleOf(row.event)))
  }

  /** All rows have ended, and so the display: listr2 would print any further change of a title as a second one. */
  #isOver(): boolean {
    return this.#rows.values().every(({ over }) => over)
  }

  #headline(): string {
    const rows = [...this.#rows.values()]
    return `[+] Running ${rows.filter(({ left }) => left <= 0).length}/${rows.length}`
  }
}

const titleOf = ({ id, text, details }: ProgressEvent): string =>
  [id, text, details].filter(word => word !== undefined && word !== '').join(' ')

function partOf({ id, text, current, total }: ProgressEvent): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)}MB`
  return current !== undefined && total ? `${id} ${text} ${megabytes(current)}/${megabytes(total)}` : `${id} ${text}`
}

/** Displays one after the other, one for each plan that is carried out. Warnings stand between them. */
export function openTtyProgress(stream: NodeJS.WriteStream, style: { readonly color: boolean }): Progress {
  let display: Display | undefined
  const end = async (failed: boolean) => {
    await display?.close(failed)
    display = undefined
  }
  return {
    begin: expected => {
      if (expected.size > 0) display = new Display(expected, stream)
    },
    report: event => display?.show(event),
    warn: message => void stream.write(warningLine(message, style)),
    end,
    [Symbol.asyncDispose]: () => end(true),
  }
}
