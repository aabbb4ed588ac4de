import { Command, CommanderError } from 'commander'
import { booleanAssignments, findCommandName } from './arguments.ts'
import type { Cli } from './cli.ts'
import { type CommandEntry, Exit } from './command.ts'
import { commands } from './commands.ts'
import { renderFailure } from './failure.ts'
import { defineGlobals, type GlobalOptions, resolveGlobals } from './globals.ts'
import { listenToSignals } from './signals.ts'

/**
 * Runs the command line.
 * @param argv without the interpreter and the program
 * @returns the exit code: 0, 1 for every error of ours, 130 after an interrupt, or what the command says (a container's)
 */
export async function run(argv: readonly string[]): Promise<number> {
  const { stdout, stderr, env } = process
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader has gone (`logs | head`): end as if by SIGPIPE, which Node ignores.
      if (error.code === 'EPIPE') process.exit(141)
      throw error
    })
  using signals = listenToSignals()
  let options: GlobalOptions | undefined
  try {
    const program = newProgram()
    const name = findCommandName(argv, program.options)
    const entry = name === undefined ? undefined : entryOf(name)
    if (name !== undefined && entry === undefined && name !== 'help') {
      stderr.write(`${fullHelp(program)}\nunknown command: "${name}"\n`)
      return 1
    }
    const cli: Cli = {
      get options() {
        options ??= resolveGlobals(program.opts(), env)
        return options
      },
      env,
      cwd: process.cwd(),
      stdin: process.stdin,
      stdout,
      stderr,
      get signal() {
        return signals.first
      },
      get forced() {
        return signals.second
      },
      divertSignals: signals.divert,
    }
    if (entry === undefined) return await withoutCommand(program, argv, cli)
    const command = program.command(entry.name)
    for (const alias of entry.aliases ?? []) command.alias(alias)
    command.summary(entry.summary).description(entry.summary)
    const { define } = await entry.load()
    define(command.option('--dry-run', 'Show the steps, change nothing'), cli)
    const { args, assignments } = booleanAssignments(argv, program, command)
    program.hook('preAction', (_, acting) => {
      for (const { owner, attribute, value } of assignments) owner.setOptionValueWithSource(attribute, value, 'cli')
      if (acting.opts().dryRun) program.setOptionValue('dryRun', true)
      void cli.options
    })
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof Exit) return error.code
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    if (signals.interrupted) return 130
    stderr.write(renderFailure(error, { json: options?.progress === 'json' }))
    return 1
  }
}

/** `name` may be an alias. */
function entryOf(name: string): (CommandEntry & { readonly name: string }) | undefined {
  for (const [own, entry] of Object.entries(commands))
    if (own === name || entry.aliases?.includes(name)) return { ...entry, name: own }
  return undefined
}

function newProgram(): Command {
  const program = new Command('tscompose')
  program
    .description('Runs Docker Compose projects without Docker')
    .usage('[flags] COMMAND')
    .enablePositionalOptions()
    .allowExcessArguments(false)
    .helpOption('-h, --help', 'Show this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => {}, writeErr: () => {} })
  defineGlobals(program)
  return program
}

/** The help of the program with the summaries of all commands; their modules stay unloaded. */
function fullHelp(program: Command): string {
  for (const [name, { summary, hidden }] of Object.entries(commands))
    program
      .command(name, { hidden: hidden ?? false })
      .summary(summary)
      .description(summary)
  return program.helpInformation()
}

async function withoutCommand(program: Command, argv: readonly string[], cli: Cli): Promise<number> {
  const topic = argv[argv.indexOf('help') + 1]
  if (argv.includes('help') && topic !== undefined && entryOf(topic) !== undefined) return run([topic, '--help'])
  program.action(() => {})
  if (!argv.includes('help')) {
    program.helpOption(false).option('-h, --help', 'Show this help')
    program.parse(argv, { from: 'user' })
    if (program.opts().version) {
      const { version } = await import('../engine/version.ts')
      cli.stdout.write(`tscompose version v${version}\n`)
      return 0
    }
  }
  cli.stdout.write(fullHelp(program))
  return 0
}
