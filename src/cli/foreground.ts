import { type AttachedOptions, upAttached, type WatchOptions } from '../compose/attached.ts'
import type { Surroundings } from '../compose/operation.ts'
import type { Project } from '../compose/project.ts'
import type { BringUpOptions } from '../compose/up.ts'
import type { ProjectWatch } from '../compose/watch/watch.ts'
import type { Cli } from './cli.ts'
import { renderFailure } from './failure.ts'
import { openMenu, wantsMenu } from './menu/menu.ts'
import { WatchToggle } from './menu/watch-toggle.ts'
import type { LogPrinter } from './output/log-printer.ts'
import { newLogPrinter } from './surroundings.ts'
import type { UpFlags } from './up-flags.ts'

/**
 * `up` without --detach: logs, the menu, a watch, Ctrl-C.
 * @param isUp tells what is to be told when everything runs
 * @returns the exit code
 */
export async function upInForeground(
  cli: Cli,
  project: Project,
  flags: UpFlags,
  options: BringUpOptions,
  surroundings: Surroundings,
  isUp: () => Promise<void>,
): Promise<number> {
  const printer = newLogPrinter(cli, project.name, {
    noColor: !flags.color,
    noLogPrefix: !flags.logPrefix,
    timestamps: flags.timestamps ?? false,
  })
  const { COMPOSE_MENU = project.environment.COMPOSE_MENU } = cli.env
  const menu = wantsMenu(cli, flags.menu, COMPOSE_MENU)
  const watcher = new Watcher(cli, surroundings, project, options, printer)
  await using opened = flags.watch ? await watcher.open() : undefined
  const toggle = new WatchToggle(signal => watcher.watch(signal))
  const watch: WatchOptions | undefined = menu
    ? { ...(opened && { prepare: opened.prepare }), run: (signal, allEnded) => toggle.run(signal, allEnded) }
    : opened && { prepare: opened.prepare, run: signal => watcher.run(opened, signal) }
  const detached = new AbortController()
  using shown = new DisposableStack()
  return await upAttached(
    surroundings,
    project,
    { ...attachedOptions(flags, options), ...(watch && { watch }) },
    {
      register: names => printer.register(names),
      shortName: name => printer.shortName(name),
      // The time of printing, not the engine's: that is what docker compose shows here.
      show: ({ container, stream, text }) => printer.print(container, stream, text, new Date().toISOString()),
      isUp: async () => {
        await isUp()
        if (!menu) return
        shown.use(openMenu(cli, menuOf(toggle, printer, detached)))
        if (opened) toggle.switchOn()
      },
      say: line => void cli.stdout.write(`${line}\n`),
      note: line => {
        shown.dispose()
        cli.stderr.write(`${line}\n`)
      },
      forced: cli.forced,
      detached: detached.signal,
    },
  )
}

const menuOf = (watch: WatchToggle, printer: LogPrinter, detached: AbortController) => ({
  watch,
  switchWatch: () => {
    if (watch.on) {
      watch.switchOff()
      printer.printWatch('Watch disabled')
    } else watch.switchOn()
  },
  detach: () => detached.abort(),
})

function attachedOptions(flags: UpFlags, options: BringUpOptions): AttachedOptions {
  const abortOn = flags.abortOnContainerFailure
    ? 'failure'
    : flags.abortOnContainerExit || flags.exitCodeFrom !== undefined
      ? 'exit'
      : undefined
  return {
    ...options,
    attach: flags.attach ?? [],
    noAttach: flags.noAttach ?? [],
    attachDependencies: flags.attachDependencies ?? false,
    ...(abortOn && { abortOn }),
    ...(flags.exitCodeFrom !== undefined && { exitCodeFrom: flags.exitCodeFrom }),
  }
}

/** The watches of one `up`: that of --watch, and those that its menu switches on. */
class Watcher {
  readonly #cli: Cli
  readonly #surroundings: Surroundings
  readonly #project: Project
  readonly #options: BringUpOptions
  readonly #printer: LogPrinter
  /** Opened before the project is brought up, so that it misses nothing. */
  #opened: ProjectWatch | undefined

  constructor(cli: Cli, surroundings: Surroundings, project: Project, options: BringUpOptions, printer: LogPrinter) {
    this.#cli = cli
    this.#surroundings = surroundings
    this.#project = project
    this.#options = options
    this.#printer = printer
  }

  /** @throws TscomposeError COMPOSE_WATCH_LOCKED, COMPOSE_WATCH_NOTHING, COMPOSE_WATCH_FAILED */
  async open(): Promise<ProjectWatch> {
    const { ProjectWatch } = await import('../compose/watch/watch.ts')
    this.#opened = await ProjectWatch.open(this.#surroundings, this.#project, this.#options)
    return this.#opened
  }

  async run(watch: ProjectWatch, signal: AbortSignal): Promise<void> {
    const { sessionOptions, withoutProgress } = await import('./watch.ts')
    const prepared = { ...this.#surroundings, prepare: watch.prepare }
    const options = sessionOptions(prepared, this.#project, this.#options, this.#printer)
    await watch.run({ ...withoutProgress(prepared), signal }, options)
  }

  /** Watches until the signal aborts. A watch that fails is no reason to end `up`: it is told. */
  async watch(signal: AbortSignal): Promise<void> {
    try {
      await using watch = this.#opened ?? (await this.open())
      this.#opened = undefined
      await this.run(watch, signal)
    } catch (error) {
      if (!signal.aborted) this.#cli.stderr.write(renderFailure(error, { json: false }))
    }
  }
}
