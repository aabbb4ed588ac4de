import type { OutputStream } from '../../compose/logs/lines.ts'

export interface LogStyle {
  readonly color: boolean
  readonly prefix: boolean
  readonly timestamps: boolean
}

/** Cyan, yellow, green, magenta, blue, then the same in bold (SGR parameters). */
const colors = ['36', '33', '32', '35', '34', '36;1', '33;1', '32;1', '35;1', '34;1'] as const

/** Writes lines with the name of their container before them: `web-1  | text`. */
export class LogPrinter {
  readonly #style: LogStyle
  readonly #project: string
  readonly #write: (stream: OutputStream, text: string) => void
  readonly #colors = new Map<string, string>()
  #width = 0

  constructor(project: string, style: LogStyle, write: (stream: OutputStream, text: string) => void) {
    this.#project = project
    this.#style = style
    this.#write = write
  }

  /** Fixes colours and the width of the prefix. Names that come later are put behind, and may widen it. */
  register(names: readonly string[]): void {
    for (const name of names.map(name => this.shortName(name)).sort())
      if (!this.#colors.has(name)) {
        this.#colors.set(name, colors[this.#colors.size % colors.length] as string)
        this.#width = Math.max(this.#width, name.length)
      }
  }

  /** `demo-web-1` is `web-1`; a name of the user's own is left as it is. */
  shortName(name: string): string {
    const own = name.startsWith(this.#project) && /^[-_].+[-_]\d+$/.test(name.slice(this.#project.length))
    return own ? name.slice(this.#project.length + 1) : name
  }

  /** @param time RFC 3339 */
  print(container: string, stream: OutputStream, text: string, time: string): void {
    this.#line(container, stream, text, time, ' | ')
  }

  /** A line that a hook in the container wrote. */
  printHook(container: string, stream: OutputStream, text: string): void {
    this.#line(container, stream, text, new Date().toISOString(), ' -> ')
  }

  /** A line about what is done when files change. */
  printWatch(text: string): void {
    const prefix = `${' '.repeat(this.#width)} \u29bf `
    this.#write('stdout', `${this.#style.color ? `\u001b[92m${prefix}\u001b[0m` : prefix}${text}\n`)
  }

  #line(container: string, stream: OutputStream, text: string, time: string, bar: string): void {
    this.register([container])
    const name = this.shortName(container)
    const prefix = this.#style.prefix
      ? this.#paint(name, `${name.padEnd(this.#width)} ${bar}`.replace('  ->', ' ->'))
      : ''
    this.#write(stream, `${prefix}${this.#style.timestamps ? `${time} ` : ''}${text}\n`)
  }

  #paint(name: string, text: string): string {
    return this.#style.color ? `\u001b[${this.#colors.get(name)}m${text}\u001b[0m` : text
  }
}
