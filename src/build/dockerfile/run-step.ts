import { posix } from 'node:path'
import { heredocText, readHeredocStart } from './heredoc.ts'
import type { Instruction } from './instruction.ts'
import { invalid } from './lines.ts'
import { readMount } from './mount.ts'
import type { Scope } from './scope.ts'
import type { RunStep } from './step.ts'

type RunInstruction = Extract<Instruction, { keyword: 'RUN' }>

/**
 * @param word expands the variables of one word
 * @throws TscomposeError BUILD_DOCKERFILE_INVALID
 */
export function runStep(
  instruction: RunInstruction,
  scope: Scope,
  word: (text: string) => string,
): Omit<RunStep, 'instruction' | 'shown'> {
  const { mounts, network, security } = instruction.run
  return {
    keyword: 'RUN',
    ...script(instruction),
    mounts: mounts.map(({ text, where }) => readMount(text, where, word)),
    network,
    security,
    environment: scope.environment,
    buildArgs: new Map([...scope.args].map(([name, value]) => [name, scope.environment.get(name) ?? value ?? ''])),
    proxies: proxiesOf(scope.given.buildArgs),
  }
}

/** Puts the here-documents in their place. */
function script({ run: { command, heredocs }, where }: RunInstruction): Pick<RunStep, 'command' | 'scriptFile'> {
  const [only] = heredocs
  if (command.form === 'exec' || !only) return { command }
  if (!readHeredocStart(command.script)) {
    const bodies = heredocs.map(({ content, name }) => `\n${content}${name}`)
    return { command: { form: 'shell', script: command.script + bodies.join('') } }
  }
  const content = heredocText(only)
  if (!content.startsWith('#!')) return { command: { form: 'shell', script: content } }
  const name = posix.basename(only.name)
  if (name !== only.name || name === '..' || name === '.') invalid(where, `a script cannot be called "${only.name}"`)
  return { command: { form: 'shell', script: `/dev/pipes/${name}` }, scriptFile: { name, content } }
}

/** Programs look for either spelling, so they get both. */
function proxiesOf(buildArgs: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const proxies = new Map<string, string>()
  for (const [name, value] of [...buildArgs].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (!/^(?:http|https|ftp|no|all)_proxy$/i.test(name)) continue
    proxies.set(name.toUpperCase(), value).set(name.toLowerCase(), value)
  }
  return proxies
}
