import { type Command, CommanderError } from 'commander'
import { OFFLINE_VARIABLE } from '../offline.ts'
import { booleanAssignments } from './arguments.ts'
import type { Cli } from './cli.ts'
import { Exit } from './command.ts'
import { renderFailure } from './failure.ts'
import { type Found, findCommand, groupHelp } from './find-command.ts'
import { defineCommon, type GlobalOptions, resolveGlobals } from './globals.ts'
import { newProgram } from './new-program.ts'
import { listenToSignals } from './signals.ts'

/** Commands of docker, which exits with 125 where a flag is wrong, and with 1 where an argument is. */
const dockerGroups = new Set(['container', 'image', 'network', 'volume', 'system'])
const isAboutArguments = (error: unknown): boolean =>
  error instanceof CommanderError && ['commander.missingArgument', 'commander.excessArguments'].includes(error.code)

/** `tscompose image load` */
const wordsOf = (command: Command): string =>
  command.parent ? `${wordsOf(command.parent)} ${command.name()}` : command.name()

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
  let mistakeInFlags = 1
  let words = 'tscompose'
  try {
    const program = newProgram()
    const cli: Cli = {
      get options() {
        options ??= resolveGlobals(program.opts(), env)
        return options
      },
      env,
      cwd: process.cwd(),
      // To open it takes milliseconds, and most commands read nothing.
      get stdin() {
        return process.stdin
      },
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
    const found = await findCommand(argv, program)
    if (found.kind === 'help') return await run(found.argv)
    words = wordsOf(found.kind === 'command' ? found.command : found.group)
    if (found.kind === 'unknown') {
      const { unknownCommand } = await import('./unknown-command.ts')
      stderr.write(await unknownCommand(found.name, words, found.table))
      return 1
    }
    if (found.kind === 'group') return await runGroup(program, found, argv, cli)
    const { command, entry } = found
    if (dockerGroups.has(command.parent?.name() ?? '')) mistakeInFlags = 125
    const { define } = await entry.load()
    defineCommon(command, entry)
    define(command, cli)
    if (argv.includes('--help') || argv.includes('-h')) (await import('./help.ts')).addExamples(command)
    const { args, assignments } = booleanAssignments(argv, command)
    program.hook('preAction', (_, acting) => {
      mistakeInFlags = 1
      for (const { owner, attribute, value } of assignments) owner.setOptionValueWithSource(attribute, value, 'cli')
      const { dryRun, offline } = acting.opts()
      if (dryRun) program.setOptionValue('dryRun', true)
      if (offline) program.setOptionValue('offline', true)
      // So the programs that are run know it, too.
      if (cli.options.offline) env[OFFLINE_VARIABLE] = '1'
    })
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof Exit) return error.code
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    if (signals.interrupted) return 130
    const json = options?.progress === 'json'
    stderr.write(renderFailure(error, { json }))
    if (error instanceof CommanderError && !json) stderr.write((await import('./unknown-command.ts')).seeHelp(words))
    return isAboutArguments(error) ? 1 : mistakeInFlags
  }
}

/** Only flags are given, or a group without a command: help is what there is to say. */
async function runGroup(
  program: Command,
  { group, table }: Extract<Found, { kind: 'group' }>,
  argv: readonly string[],
  cli: Cli,
): Promise<number> {
  group.action(() => {})
  // The help is given below, with the commands in it.
  group.helpOption(false).option('-h, --help', 'Show this help')
  program.parse(argv, { from: 'user' })
  if (program.opts().version) {
    const { version } = await import('../engine/version.ts')
    cli.stdout.write(`tscompose version v${version}\n`)
  } else cli.stdout.write(await groupHelp(group, table))
  return 0
}
