import { COLON, DASH, QUESTION, SPACE, TAB } from './characters.ts'
import { FlowParser } from './parse-flow.ts'
import type { Properties } from './parse-node.ts'
import type { Source } from './source.ts'
import type { Syntax, SyntaxEntry, SyntaxKey } from './syntax.ts'

/**
 * Reads the documents of a YAML text. Written for the Compose loader instead of taken from a library, because a third
 * of the time of a whole `config` went into loading one, and because files must fail where and as the Go parser fails.
 */
export function parseYaml(source: Source): Syntax[] {
  return new Parser(source).documents()
}

/** Documents, and block style: collections by indentation. */
class Parser extends FlowParser {
  documents(): Syntax[] {
    const control = /[^\t\n\r\x20-\x7e\x85\xa0-\ufffd]/.exec(this.text)
    if (control) this.fail('control characters are not allowed', control.index)
    const documents: Syntax[] = []
    for (;;) {
      this.skipToContent(false)
      while (this.column === 0 && this.text[this.pos] === '%') this.#directive()
      if (this.atEnd) return documents
      this.countAnew()
      if (this.atDocumentMarker()) {
        const begins = this.at() === DASH
        this.pos += 3
        if (!begins) continue
        documents.push(this.skipBlanks() ? this.#nested(-1, {}, false) : this.#node(-1, false))
      } else documents.push(this.#node(-1, true))
      this.skipToContent(false)
      if (!this.atEnd && !this.atDocumentMarker()) this.unexpected('did not find expected <document start>')
    }
  }

  #directive(): void {
    while (!this.atEnd && this.text[this.pos] !== '\n') this.pos++
    this.skipToContent(false)
  }

  /** Whether only spaces stand before the position on its line. */
  #lineFresh(): boolean {
    for (let at = this.lineStart; at < this.pos; at++) if (this.text.charCodeAt(at) !== SPACE) return false
    return true
  }

  /** The node on the lines below: indented more than `parent`, or a list at the same column as the key above it. */
  #nested(parent: number, properties: Properties, listBeside: boolean): Syntax {
    const end = this.pos
    this.skipToContent(false)
    if (!this.atEnd && !this.atDocumentMarker()) {
      if (this.column > parent) return this.#node(parent, true, properties)
      if (listBeside && this.column === parent && this.atEntry(DASH)) return this.#blockList(properties, true)
    }
    return this.scalar('', end, properties, true)
  }

  /**
   * A node that begins here.
   * @param parent column of the collection around it
   * @param collections whether a block collection may begin here, as it may at the beginning of a line
   */
  #node(parent: number, collections: boolean, outer: Properties = {}): Syntax {
    const start = this.pos
    const column = this.column
    const own = this.properties(false)
    const bare = own.anchor === undefined && own.tag === undefined
    if (!bare && this.skipBlanks()) return this.#nested(parent, { ...outer, ...own }, parent >= 0)
    if (this.atEntry(DASH)) {
      if (!collections || !bare) this.fail('block sequence entries are not allowed in this context')
      return this.#blockList(outer, false)
    }
    if (this.atEntry(QUESTION) || this.atEntry(COLON)) {
      if (!collections || !bare)
        this.fail(`mapping ${this.at() === COLON ? 'values' : 'keys'} are not allowed in this context`)
      return this.#blockMap(column, outer)
    }
    const char = this.text[this.pos]
    if (char === '|' || char === '>') {
      const offset = this.pos
      return this.scalar(this.block(parent), offset, { ...outer, ...own }, false)
    }
    if (char === '*' || char === '"' || char === "'" || char === '[' || char === '{') {
      const line = this.lineStart
      const inner = this.flowNode(own)
      const after = this.pos
      while (this.at() === SPACE || this.at() === TAB) this.pos++
      if (this.atEntry(COLON) && line === this.lineStart) {
        if (!collections) this.fail('mapping values are not allowed in this context')
        return this.#blockMap(column, outer, this.keyOf(inner, start))
      }
      this.pos = after
      return this.with(inner, outer)
    }
    if (!this.atPlain()) this.cannotStart()
    const offset = this.pos
    const { text, multiline } = this.plain(parent + 1, false)
    const after = this.pos
    if (!multiline) while (this.at() === SPACE || this.at() === TAB) this.pos++
    if (this.atEntry(COLON) && (multiline || !this.#lineFresh())) {
      if (multiline || !collections) this.fail('mapping values are not allowed in this context')
      return this.#blockMap(column, outer, this.keyOf(this.scalar(text, offset, own, true), start))
    }
    this.pos = after
    return this.scalar(text, offset, { ...outer, ...own }, true)
  }

  #blockList(properties: Properties, beside: boolean): Syntax {
    const column = this.column
    const list = this.with({ kind: 'seq' as const, offset: this.pos, items: [] as Syntax[] }, properties)
    this.count()
    this.enter()
    for (;;) {
      const dash = this.pos++
      const done = this.skipBlanks()
      if (!done && this.text.charCodeAt(dash + 1) === TAB)
        this.fail('found character that cannot start any token (a tab after "-"; use a space)', dash + 1)
      list.items.push(done ? this.#nested(column, {}, false) : this.#node(column, true))
      this.skipToContent(false)
      if (this.atEnd || this.column < column || this.atDocumentMarker()) break
      if (this.column > column || !this.#lineFresh()) this.unexpected("did not find expected '-' indicator")
      if (!this.atEntry(DASH)) {
        if (beside) break
        this.unexpected("did not find expected '-' indicator")
      }
    }
    this.leave()
    return list
  }

  #blockMap(column: number, properties: Properties, first?: SyntaxKey): Syntax {
    const map = this.with(
      { kind: 'map' as const, offset: first?.offset ?? this.pos, entries: [] as SyntaxEntry[] },
      properties,
    )
    this.count()
    this.enter()
    let key = first
    for (;;) {
      map.entries.push(this.#blockEntry(column, key))
      key = undefined
      this.skipToContent(false)
      if (this.atEnd || this.column < column || this.atDocumentMarker()) break
      if (this.column > column || !this.#lineFresh() || this.atEntry(DASH)) this.unexpected('did not find expected key')
    }
    this.leave()
    return map
  }

  /** @param known the key, if it has been read; the position is then before the colon */
  #blockEntry(column: number, known: SyntaxKey | undefined): SyntaxEntry {
    let key = known
    if (!key && this.atEntry(QUESTION)) {
      this.pos++
      const node = this.skipBlanks() ? this.#nested(column, {}, false) : this.#node(column, true)
      key = this.keyOf(node, node.offset)
      this.skipToContent(false)
      if (this.column !== column || !this.atEntry(COLON)) return { key, value: this.scalar('', this.pos, {}, true) }
    } else key ??= this.#simpleKey()
    this.pos++
    const value = this.skipBlanks() ? this.#nested(column, {}, true) : this.#node(column, false)
    return { key, value }
  }

  #simpleKey(): SyntaxKey {
    const start = this.pos
    const line = this.lineStart
    const own = this.properties(false)
    let node: Syntax
    if (this.atEntry(COLON)) node = this.scalar('', this.pos, own, true)
    else if ('*"\'[{'.includes(this.text[this.pos] ?? ' ')) node = this.flowNode(own)
    else if (this.atPlain()) node = this.scalar(this.plain(Number.POSITIVE_INFINITY, false).text, this.pos, own, true)
    else return this.cannotStart()
    while (this.at() === SPACE || this.at() === TAB) this.pos++
    if (line !== this.lineStart || !this.atEntry(COLON)) this.fail("could not find expected ':'", start)
    return this.keyOf(node, start)
  }
}
