import type { Cli } from '../cli.ts'
import { Exit } from '../command.ts'

/** The last line of `build --check`. @throws Exit 1 if there was something to warn of */
export function reportCheck({ stdout }: Pick<Cli, 'stdout'>, warnings: number): void {
  if (warnings === 0) return void stdout.write('Check complete, no warnings found.\n')
  stdout.write(`Check complete, ${warnings} warning${warnings === 1 ? ' has' : 's have'} been found!\n`)
  throw new Exit(1)
}
