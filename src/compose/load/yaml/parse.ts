import { TscomposeError } from '../../../errors.ts'
import { resolvePlain } from './resolve.ts'
import { COLON, COMMA, DASH, isBlank, isFlowIndicator, QUESTION, Scanner, SPACE, TAB } from './scan.ts'
import type { Source } from './source.ts'
import type { Syntax, SyntaxEntry, SyntaxKey, SyntaxScalar } from './syntax.ts'

/** docker compose gives up on a document with more nodes than this; it also bounds our memory. */
const MAX_NODES = 100_000
/** Deeper than any Compose file, and shallow enough for every recursive phase. */
const MAX_DEPTH = 500

interface Properties {
  anchor?: string
  tag?: string
}

/**
 * Reads the documents of a YAML text. Written for the Compose loader instead of taken from a library, because a third
 * of the time of a whole `config` went into loading one, and because files must fail where and as the Go parser fails.
 */
export function parseYaml(source: Source): Syntax[] {
  return new Parser(source).documents()
}

class Parser extends Scanner {
  readonly #anchors = new Map<string, Syntax>()
  #nodes = 0
  #depth = 0

  documents(): Syntax[] {
    const control = /[^\t\n\r\x20-\x7e\x85\xa0-\ufffd]/.exec(this.text)
    if (control) this.fail('control characters are not allowed', control.index)
    const documents: Syntax[] = []
    for (;;) {
      this.skipToContent(false)
      while (this.column === 0 && this.text[this.pos] === '%') this.#directive()
      if (this.atEnd) return documents
      this.#nodes = 0
      if (this.atDocumentMarker()) {
        const begins = this.at() === DASH
        this.pos += 3
        if (!begins) continue
        documents.push(this.skipBlanks() ? this.#nested(-1, {}, false) : this.#node(-1, false))
      } else documents.push(this.#node(-1, true))
      this.skipToContent(false)
      if (!this.atEnd && !this.atDocumentMarker()) this.#unexpected('did not find expected <document start>')
    }
  }

  #directive(): void {
    while (!this.atEnd && this.text[this.pos] !== '\n') this.pos++
    this.skipToContent(false)
  }

  #unexpected(expected: string): never {
    if (this.at() === COLON && isBlank(this.at(1))) this.fail('mapping values are not allowed in this context')
    return this.fail(expected)
  }

  #count(): void {
    if (++this.#nodes > MAX_NODES)
      throw new TscomposeError(
        'COMPOSE_YAML_LIMIT',
        `failed to parse ${this.source.file}: compose file exceeds maximum node visit limit (${MAX_NODES})`,
        { where: this.source.where(this.pos) },
      )
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH)
      throw new TscomposeError(
        'COMPOSE_YAML_LIMIT',
        `failed to parse ${this.source.file}: exceeded max depth of ${MAX_DEPTH}`,
        {
          where: this.source.where(this.pos),
        },
      )
  }

  /** Whether only spaces stand before the position on its line. */
  #lineFresh(): boolean {
    for (let at = this.lineStart; at < this.pos; at++) if (this.text.charCodeAt(at) !== SPACE) return false
    return true
  }

  #atEntry(indicator: number): boolean {
    return this.at() === indicator && isBlank(this.at(1))
  }

  /** The node on the lines below: indented more than `parent`, or a list at the same column as the key above it. */
  #nested(parent: number, properties: Properties, listBeside: boolean): Syntax {
    const end = this.pos
    this.skipToContent(false)
    if (!this.atEnd && !this.atDocumentMarker()) {
      if (this.column > parent) return this.#node(parent, true, properties)
      if (listBeside && this.column === parent && this.#atEntry(DASH)) return this.#blockList(properties, true)
    }
    return this.#scalar('', end, properties, true)
  }

  /**
   * A node that begins here.
   * @param parent column of the collection around it
   * @param collections whether a block collection may begin here, as it may at the beginning of a line
   */
  #node(parent: number, collections: boolean, outer: Properties = {}): Syntax {
    const start = this.pos
    const column = this.column
    const own = this.#properties(false)
    const bare = own.anchor === undefined && own.tag === undefined
    if (!bare && this.skipBlanks()) return this.#nested(parent, { ...outer, ...own }, parent >= 0)
    if (this.#atEntry(DASH)) {
      if (!collections || !bare) this.fail('block sequence entries are not allowed in this context')
      return this.#blockList(outer, false)
    }
    if (this.#atEntry(QUESTION) || this.#atEntry(COLON)) {
      if (!collections || !bare)
        this.fail(`mapping ${this.at() === COLON ? 'values' : 'keys'} are not allowed in this context`)
      return this.#blockMap(column, outer)
    }
    const char = this.text[this.pos]
    if (char === '|' || char === '>') {
      const offset = this.pos
      return this.#scalar(this.block(parent), offset, { ...outer, ...own }, false)
    }
    if (char === '*' || char === '"' || char === "'" || char === '[' || char === '{') {
      const line = this.lineStart
      const inner = this.#flowNode(own)
      const after = this.pos
      while (this.at() === SPACE || this.at() === TAB) this.pos++
      if (this.#atEntry(COLON) && line === this.lineStart) {
        if (!collections) this.fail('mapping values are not allowed in this context')
        return this.#blockMap(column, outer, this.#keyOf(inner, start))
      }
      this.pos = after
      return this.#with(inner, outer)
    }
    if (!this.atPlain()) this.#cannotStart()
    const offset = this.pos
    const { text, multiline } = this.plain(parent + 1, false)
    const after = this.pos
    if (!multiline) while (this.at() === SPACE || this.at() === TAB) this.pos++
    if (this.#atEntry(COLON) && (multiline || !this.#lineFresh())) {
      if (multiline || !collections) this.fail('mapping values are not allowed in this context')
      return this.#blockMap(column, outer, this.#keyOf(this.#scalar(text, offset, own, true), start))
    }
    this.pos = after
    return this.#scalar(text, offset, { ...outer, ...own }, true)
  }

  #cannotStart(): never {
    const hint = this.text[this.pos] === '@' || this.text[this.pos] === '`' ? '; put the text in quotes' : ''
    return this.fail(`found character that cannot start any token${hint}`)
  }

  #blockList(properties: Properties, beside: boolean): Syntax {
    const column = this.column
    const list = this.#with({ kind: 'seq' as const, offset: this.pos, items: [] as Syntax[] }, properties)
    this.#count()
    this.#enter()
    for (;;) {
      const dash = this.pos++
      const done = this.skipBlanks()
      if (!done && this.text.charCodeAt(dash + 1) === TAB)
        this.fail('found character that cannot start any token (a tab after "-"; use a space)', dash + 1)
      list.items.push(done ? this.#nested(column, {}, false) : this.#node(column, true))
      this.skipToContent(false)
      if (this.atEnd || this.column < column || this.atDocumentMarker()) break
      if (this.column > column || !this.#lineFresh()) this.#unexpected("did not find expected '-' indicator")
      if (!this.#atEntry(DASH)) {
        if (beside) break
        this.#unexpected("did not find expected '-' indicator")
      }
    }
    this.#depth--
    return list
  }

  #blockMap(column: number, properties: Properties, first?: SyntaxKey): Syntax {
    const map = this.#with(
      { kind: 'map' as const, offset: first?.offset ?? this.pos, entries: [] as SyntaxEntry[] },
      properties,
    )
    this.#count()
    this.#enter()
    let key = first
    for (;;) {
      map.entries.push(this.#blockEntry(column, key))
      key = undefined
      this.skipToContent(false)
      if (this.atEnd || this.column < column || this.atDocumentMarker()) break
      if (this.column > column || !this.#lineFresh() || this.#atEntry(DASH))
        this.#unexpected('did not find expected key')
    }
    this.#depth--
    return map
  }

  /** @param known the key, if it has been read; the position is then before the colon */
  #blockEntry(column: number, known: SyntaxKey | undefined): SyntaxEntry {
    let key = known
    if (!key && this.#atEntry(QUESTION)) {
      this.pos++
      const node = this.skipBlanks() ? this.#nested(column, {}, false) : this.#node(column, true)
      key = this.#keyOf(node, node.offset)
      this.skipToContent(false)
      if (this.column !== column || !this.#atEntry(COLON)) return { key, value: this.#scalar('', this.pos, {}, true) }
    } else key ??= this.#simpleKey()
    this.pos++
    const value = this.skipBlanks() ? this.#nested(column, {}, true) : this.#node(column, false)
    return { key, value }
  }

  #simpleKey(): SyntaxKey {
    const start = this.pos
    const line = this.lineStart
    const own = this.#properties(false)
    let node: Syntax
    if (this.#atEntry(COLON)) node = this.#scalar('', this.pos, own, true)
    else if ('*"\'[{'.includes(this.text[this.pos] ?? ' ')) node = this.#flowNode(own)
    else if (this.atPlain()) node = this.#scalar(this.plain(Number.POSITIVE_INFINITY, false).text, this.pos, own, true)
    else return this.#cannotStart()
    while (this.at() === SPACE || this.at() === TAB) this.pos++
    if (line !== this.lineStart || !this.#atEntry(COLON)) this.fail("could not find expected ':'", start)
    return this.#keyOf(node, start)
  }

  #keyOf(node: Syntax, offset: number): SyntaxKey {
    this.#nodes--
    const target = node.kind === 'alias' ? node.target : node
    if (target.kind !== 'scalar') return { name: '', offset, merge: false, odd: `a ${target.kind} as a key` }
    const merge = target.value === '<<' && target.type === 'str' && target.tag === undefined && this.#plainAt(offset)
    if (target.type === 'str') return { name: String(target.value), offset, merge }
    return { name: String(target.value), offset, merge, odd: target.value === null ? '<nil>' : String(target.value) }
  }

  #plainAt(offset: number): boolean {
    return this.text[offset] === '<'
  }

  #properties(inFlow: boolean): Properties {
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

  #with<T extends Syntax>(node: T, { anchor, tag }: Properties): T {
    if (tag !== undefined) node.tag = tag
    if (anchor !== undefined) this.#anchors.set(anchor, node)
    return node
  }

  #scalar(text: string, offset: number, properties: Properties, plain: boolean): SyntaxScalar {
    this.#count()
    const { tag } = properties
    const node: SyntaxScalar =
      tag === undefined
        ? { kind: 'scalar', offset, ...(plain ? resolvePlain(text) : ({ type: 'str', value: text } as const)) }
        : this.#taggedScalar(text, offset, tag)
    return this.#with(node, properties)
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

  #flowNode(given?: Properties): Syntax {
    const properties = given ?? this.#properties(true)
    const offset = this.pos
    const char = this.text[this.pos]
    if (char === '[') return this.#flowList(properties)
    if (char === '{') return this.#flowMap(properties)
    if (char === '"' || char === "'") return this.#scalar(this.quoted(), offset, properties, false)
    if (char === '*') return this.#alias()
    if (this.atPlain()) return this.#scalar(this.plain(0, true).text, offset, properties, true)
    const code = this.at()
    if (isFlowIndicator(code) || code === COLON) return this.#scalar('', offset, properties, true)
    return this.atEnd ? this.fail('did not find expected node content') : this.#cannotStart()
  }

  #alias(): Syntax {
    const offset = this.pos++
    let code = this.at()
    while (!isBlank(code) && !isFlowIndicator(code) && !(code === COLON && isBlank(this.at(1))))
      code = this.text.charCodeAt(++this.pos)
    const name = this.text.slice(offset + 1, this.pos)
    if (!name) this.fail('did not find expected alphabetic or numeric character')
    const target = this.#anchors.get(name)
    if (!target) this.fail(`unknown anchor '${name}' referenced`, offset)
    this.#count()
    return { kind: 'alias', offset, name, target }
  }

  #flowList(properties: Properties): Syntax {
    const list = this.#with({ kind: 'seq' as const, offset: this.pos, items: [] as Syntax[] }, properties)
    this.#count()
    this.#enter()
    this.pos++
    for (;;) {
      this.skipToContent(true)
      if (this.text[this.pos] === ']') break
      if (this.at() === COMMA) this.fail('did not find expected node content')
      list.items.push(this.#flowItem())
      this.skipToContent(true)
      if (this.at() === COMMA) this.pos++
      else if (this.text[this.pos] !== ']') this.#unexpected("did not find expected ',' or ']'")
    }
    this.pos++
    this.#depth--
    return list
  }

  /** An item of a flow list; `[a: b]` holds a map of one entry. */
  #flowItem(): Syntax {
    const offset = this.pos
    const explicit = this.#atEntry(QUESTION)
    if (explicit) {
      this.pos++
      this.skipToContent(true)
    }
    const node = this.#flowNode()
    const after = this.pos
    this.skipToContent(true)
    if (!explicit && !this.#atEntry(COLON)) {
      this.pos = after
      return node
    }
    this.#count()
    return { kind: 'map', offset, entries: [{ key: this.#keyOf(node, node.offset), value: this.#flowValue() }] }
  }

  #flowMap(properties: Properties): Syntax {
    const map = this.#with({ kind: 'map' as const, offset: this.pos, entries: [] as SyntaxEntry[] }, properties)
    this.#count()
    this.#enter()
    this.pos++
    for (;;) {
      this.skipToContent(true)
      if (this.text[this.pos] === '}') break
      if (this.at() === COMMA) this.fail('did not find expected node content')
      if (this.#atEntry(QUESTION)) {
        this.pos++
        this.skipToContent(true)
      }
      const offset = this.pos
      const key = this.#keyOf(this.#flowNode(), offset)
      this.skipToContent(true)
      map.entries.push({ key, value: this.#flowValue() })
      this.skipToContent(true)
      if (this.at() === COMMA) this.pos++
      else if (this.text[this.pos] !== '}') this.#unexpected("did not find expected ',' or '}'")
    }
    this.pos++
    this.#depth--
    return map
  }

  /** What follows a key in a flow collection: a colon and a value, or nothing. */
  #flowValue(): Syntax {
    if (this.at() !== COLON) return this.#scalar('', this.pos, {}, true)
    this.pos++
    this.skipToContent(true)
    return this.#flowNode()
  }
}
