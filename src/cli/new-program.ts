import { Command } from 'commander'
import { defineGlobals } from './globals.ts'

/** The program with the flags that go before a command, and no command yet. */
export function newProgram(): Command {
  const program = new Command('tscompose')
  program
    .description('Runs Docker Compose projects without Docker')
    .usage('[options] COMMAND')
    .enablePositionalOptions()
    .allowExcessArguments(false)
    .helpOption('-h, --help', 'Show this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => {}, writeErr: () => {} })
  defineGlobals(program)
  return program
}
