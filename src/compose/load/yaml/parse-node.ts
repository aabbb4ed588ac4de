import { TscomposeError } from '../../../errors.ts'
import { COLON, isBlank, isFlowIndicator, SPACE, TAB } from './characters.ts'
import { resolvePlain } from './resolve.ts'
import { ScalarScanner } from './scan-scalar.ts'
import type { Syntax, SyntaxKey, SyntaxScalar } from './syntax.ts'

/** docker compose gives up on a document with more nodes than this; it also bounds our memory. */
const MAX_NODES = 100_000
/** Deeper than any Compose file, and shallow enough for every recursive phase. */
const MAX_DEPTH = 500

/** What may stand before a node. */
export interface Properties {
  anchor?: string
  tag?: string
}

/** What block and flow style have in common: scalars, keys, anchors, aliases and tags, and how much there may be. */
export class NodeParser extends ScalarScanner {
  readonly #anchors = new Map<string, Syntax>()
  #nodes = 0
  #depth = 0

  protected atEntry(indicator: number): boolean {
    return this.at() === indicator && isBlank(this.at(1))
  }

  protected unexpected(expected: string): never {
    if (this.at() === COLON && isBlank(this.at(1))) this.fail('mapping values are not allowed in this context')
    return this.fail(expected)
  }

  protected cannotStart(): never {
    const hint = this.text[this.pos] === '@' || this.text[this.pos] === '`' ? '; put the text in quotes' : ''
    return this.fail(`found character that cannot start any token${hint}`)
  }

  protected count(): void {
    if (++this.#nodes > MAX_NODES)
      throw new TscomposeError(
        'COMPOSE_YAML_LIMIT',
        `failed to parse ${this.source.file}: compose file exceeds maximum node visit limit (${MAX_NODES})`,
        { where: this.source.where(this.pos) },
      )
  }

  /** The limit is that of one document. */
  protected countAnew(): void {
    this.#nodes = 0
  }

  /** A collection begins; it ends with `leave`. */
  protected enter(): void {
    if (++this.#depth > MAX_DEPTH)
      throw new TscomposeError(
        'COMPOSE_YAML_LIMIT',
        `failed to parse ${this.source.file}: exceeded max depth of ${MAX_DEPTH}`,
        {
          where: this.source.where(this.pos),
        },
      )
  }

  protected leave(): void {
    this.#depth--
  }

  protected properties(inFlow: boolean): Properties {
    const properties: Properties = {}
    for (;;) {
      const char = this.text[this.pos]
      if (char !== '&' && char !== '!') return properties
      const from = this.pos++
      let code = this.at()
      while (!isBlank(code) && !isFlowIndicator(code)) code = this.text.charCodeAt(++this.pos)
      const word = this.text.slice(from, this.pos)
      if (char === '&' && word.length === 1) this.fail('did not find expected alphabetic or numeric character')
      if (char === '&') properties.anchor = word.slice(1)
      else properties.tag = word
      if (inFlow) this.skipToContent(true)
      else while (this.at() === SPACE || this.at() === TAB) this.pos++
    }
  }

  protected with<T extends Syntax>(node: T, { anchor, tag }: Properties): T {
    if (tag !== undefined) node.tag = tag
    if (anchor !== undefined) this.#anchors.set(anchor, node)
    return node
  }

  protected scalar(text: string, offset: number, properties: Properties, plain: boolean): SyntaxScalar {
    this.count()
    const { tag } = properties
    const node: SyntaxScalar =
      tag === undefined
        ? { kind: 'scalar', offset, ...(plain ? resolvePlain(text) : ({ type: 'str', value: text } as const)) }
        : this.#taggedScalar(text, offset, tag)
    return this.with(node, properties)
  }

  /** Any tag but the standard ones makes a text of the scalar, `!reset` and `!override` too. */
  #taggedScalar(text: string, offset: number, tag: string): SyntaxScalar {
    const short = tag.replace(/^!<tag:yaml\.org,2002:(.*)>$/, '!!$1')
    if (short === '!!binary') {
      return { kind: 'scalar', offset, type: 'str', value: Buffer.from(text, 'base64').toString('utf8') }
    }
    const wanted = { '!!int': 'int', '!!float': 'float', '!!bool': 'bool', '!!null': 'null' }[short]
    if (wanted === undefined) return { kind: 'scalar', offset, type: 'str', value: text }
    const found = resolvePlain(text)
    if (wanted === 'float' && found.type === 'int')
      return { kind: 'scalar', offset, type: 'float', value: Number(found.value) }
    if (found.type !== wanted) this.fail(`cannot construct !!${found.type} \`${text}\` as a ${short}`, offset)
    return { kind: 'scalar', offset, ...found }
  }

  protected alias(): Syntax {
    const offset = this.pos++
    let code = this.at()
    while (!isBlank(code) && !isFlowIndicator(code) && !(code === COLON && isBlank(this.at(1))))
      code = this.text.charCodeAt(++this.pos)
    const name = this.text.slice(offset + 1, this.pos)
    if (!name) this.fail('did not find expected alphabetic or numeric character')
    const target = this.#anchors.get(name)
    if (!target) this.fail(`unknown anchor '${name}' referenced`, offset)
    this.count()
    return { kind: 'alias', offset, name, target }
  }

  protected keyOf(node: Syntax, offset: number): SyntaxKey {
    this.#nodes--
    const target = node.kind === 'alias' ? node.target : node
    if (target.kind !== 'scalar') return { name: '', offset, merge: false, odd: `a ${target.kind} as a key` }
    const meant = target.tag === '!!merge' || (target.tag === undefined && this.#plainAt(offset))
    const merge = target.value === '<<' && target.type === 'str' && meant
    if (target.type === 'str') return { name: String(target.value), offset, merge }
    return { name: String(target.value), offset, merge, odd: target.value === null ? '<nil>' : String(target.value) }
  }

  #plainAt(offset: number): boolean {
    return this.text[offset] === '<'
  }
}
