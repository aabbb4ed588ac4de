import { Argument } from 'commander'
import type { Define } from '../command.ts'
import { completionScripts } from '../completion-scripts.ts'

export const define: Define = (command, cli) =>
  command
    .addArgument(new Argument('<SHELL>', 'bash, zsh or fish').choices(Object.keys(completionScripts)))
    .action((shell: keyof typeof completionScripts) => void cli.stdout.write(completionScripts[shell]))
