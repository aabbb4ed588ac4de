import { constants } from 'node:os'
import { closest } from '../../suggest.ts'
import { copyStep } from './copy-step.ts'
import type { BuildWarning } from './dockerfile.ts'
import type { ExpandOptions, Variables } from './expand.ts'
import { expandAt } from './expand-at.ts'
import type { Instruction, WrittenPair } from './instruction.ts'
import { invalid } from './lines.ts'
import { type Complaint, lintRules } from './lint-rules.ts'
import { readPorts } from './ports.ts'
import { runStep } from './run-step.ts'
import type { Scope } from './scope.ts'
import { shownAs } from './shown.ts'
import type { Step } from './step.ts'

export interface Interpreted {
  readonly step: Step
  /** For the next instruction. */
  readonly scope: Scope
  readonly warnings: readonly BuildWarning[]
}

/** An instruction of a stage after its FROM. */
type StageInstruction = Exclude<Instruction, { keyword: 'FROM' }>
type Unshown = Step extends infer One ? (One extends Step ? Omit<One, 'instruction' | 'shown'> : never) : never

/**
 * Expands an instruction's variables and reads what can only be read then.
 * @returns what to do, and the scope of the next instruction
 * @throws TscomposeError BUILD_DOCKERFILE_INVALID
 */
export function interpret(instruction: Instruction, scope: Scope): Interpreted {
  if (instruction.keyword === 'FROM') throw new TypeError('FROM begins a stage and is no step of it')
  const interpreter = new Interpreter(instruction, scope)
  const step = interpreter.step()
  const shown = shownAs(instruction, step, scope)
  return {
    step: { ...step, instruction, shown } as Step,
    scope: interpreter.scopeAfter(step),
    warnings: interpreter.warnings,
  }
}

class Interpreter {
  readonly warnings: BuildWarning[] = []
  readonly #instruction: StageInstruction
  readonly #scope: Scope

  constructor(instruction: StageInstruction, scope: Scope) {
    this.#instruction = instruction
    this.#scope = scope
  }

  step(): Unshown {
    const instruction = this.#instruction
    const { keyword } = instruction
    const word = (text: string) => this.#word(text)
    switch (keyword) {
      case 'RUN':
        return runStep(instruction, this.#scope, word)
      case 'ADD':
      case 'COPY':
        return copyStep(instruction, { word, body: text => this.#body(text) })
      case 'ARG':
        return { keyword, values: this.#args(instruction.args) }
      case 'ENV':
      case 'LABEL':
        return { keyword, pairs: this.#pairs(instruction.pairs) }
      case 'WORKDIR':
        return { keyword, path: this.#workdir(instruction.text) }
      case 'USER':
        return { keyword, user: word(instruction.text) }
      case 'STOPSIGNAL':
        return { keyword, signal: this.#signal(instruction.text) }
      case 'VOLUME':
        return { keyword, paths: instruction.words.map(word) }
      case 'EXPOSE':
        return { keyword, ports: this.#ports(instruction.words) }
      case 'MAINTAINER':
        return { keyword, maintainer: instruction.text }
      case 'CMD':
      case 'ENTRYPOINT':
        return { keyword, command: instruction.command }
      case 'SHELL':
        return { keyword, shell: instruction.shell }
      case 'HEALTHCHECK':
        return { keyword, healthcheck: instruction.healthcheck }
      case 'ONBUILD':
        return { keyword, trigger: instruction.trigger }
    }
  }

  scopeAfter(step: Unshown): Scope {
    const scope = this.#scope
    switch (step.keyword) {
      case 'ENV':
        return { ...scope, environment: new Map([...scope.environment, ...step.pairs]) }
      case 'ARG': {
        const set = [...step.values].filter((pair): pair is [string, string] => pair[1] !== undefined)
        return {
          ...scope,
          environment: new Map([...scope.environment, ...set]),
          args: new Map([...scope.args, ...step.values]),
        }
      }
      case 'WORKDIR':
        return { ...scope, workdirSet: true }
      default:
        return scope
    }
  }

  #pairs(pairs: readonly WrittenPair[]): ReadonlyMap<string, string> {
    // All see the environment as it was before the instruction.
    return new Map(pairs.map(({ name, value }) => [this.#word(name), this.#word(value)]))
  }

  /** What the build was given wins; then the default here, which may refer to the ARGs before it; then a global ARG. */
  #args(args: readonly { readonly name: string; readonly value?: string }[]): ReadonlyMap<string, string | undefined> {
    const { given, environment } = this.#scope
    const values = new Map<string, string | undefined>()
    const variables: Variables = name => values.get(name) ?? environment.get(name)
    for (const { name, value } of args) {
      const own = () => (value === undefined ? given.globalArgs.get(name) : this.#expand(value, variables).text)
      values.set(name, given.buildArgs.get(name) ?? own())
    }
    return values
  }

  #workdir(text: string): string {
    const path = this.#word(text)
    if (!this.#scope.workdirSet && !path.startsWith('/')) this.#warn(lintRules.WorkdirRelativePath(path))
    return path
  }

  #signal(text: string): string {
    const signal = this.#word(text)
    const name = signal.toUpperCase().replace(/^(?:SIG)?/, 'SIG')
    const known = Object.hasOwn(constants.signals, name) || /^SIGRTM(?:IN(?:\+\d{1,2})?|AX(?:-\d{1,2})?)$/.test(name)
    if (!known && !/^[1-9]\d?$/.test(signal)) {
      const nearest = closest(name, Object.keys(constants.signals))
      invalid(this.#instruction.where, `invalid signal: ${signal}`, nearest && `did you mean ${nearest}?`)
    }
    return signal
  }

  #ports(words: readonly string[]): readonly string[] {
    const variables: Variables = name => this.#scope.environment.get(name)
    return words
      .flatMap(word => this.#expand(word, variables).words)
      .flatMap(word => {
        const { ports, capitals, published } = readPorts(word, this.#instruction.where)
        if (capitals) this.#warn(lintRules.ExposeProtoCasing(word))
        if (published) this.#warn(lintRules.ExposeInvalidFormat(word))
        return ports
      })
  }

  #word(text: string): string {
    return this.#expand(text, name => this.#scope.environment.get(name)).text
  }

  #body(text: string): string {
    const variables: Variables = name => this.#scope.environment.get(name)
    return this.#expand(text, variables, { escape: '\\', ignoreQuotes: true }).text
  }

  #expand(text: string, variables: Variables, options: ExpandOptions = { escape: this.#scope.given.escape }) {
    const expansion = expandAt(this.#instruction.where, text, variables, options)
    for (const name of expansion.unmatched) {
      if (this.#declares(name)) continue
      this.#warn(lintRules.UndefinedVar(name, closest(name, [...this.#scope.environment.keys()]) ?? ''))
    }
    return expansion
  }

  /** A variable that is declared may well have no value. */
  #declares(name: string): boolean {
    const instruction = this.#instruction
    if (instruction.keyword === 'ARG' && instruction.args.some(arg => arg.name === name)) return true
    return this.#scope.args.has(name)
  }

  #warn(complaint: Complaint): void {
    const same = this.warnings.some(({ message }) => message === complaint.message)
    if (!same) this.warnings.push({ ...complaint, where: this.#instruction.where })
  }
}
