import { COLON, COMMA, isFlowIndicator, QUESTION } from './characters.ts'
import { NodeParser, type Properties } from './parse-node.ts'
import type { Syntax, SyntaxEntry } from './syntax.ts'

/** Flow style: lists in brackets, maps in braces, and what stands in them, over as many lines as they take. */
export class FlowParser extends NodeParser {
  protected flowNode(given?: Properties): Syntax {
    const properties = given ?? this.properties(true)
    const offset = this.pos
    const char = this.text[this.pos]
    if (char === '[') return this.#flowList(properties)
    if (char === '{') return this.#flowMap(properties)
    if (char === '"' || char === "'") return this.scalar(this.quoted(), offset, properties, false)
    if (char === '*') return this.alias()
    if (this.atPlain()) return this.scalar(this.plain(0, true).text, offset, properties, true)
    const code = this.at()
    if (isFlowIndicator(code) || code === COLON) return this.scalar('', offset, properties, true)
    return this.atEnd ? this.fail('did not find expected node content') : this.cannotStart()
  }

  #flowList(properties: Properties): Syntax {
    const list = this.with({ kind: 'seq' as const, offset: this.pos, items: [] as Syntax[] }, properties)
    this.count()
    this.enter()
    this.pos++
    for (;;) {
      this.skipToContent(true)
      if (this.text[this.pos] === ']') break
      if (this.at() === COMMA) this.fail('did not find expected node content')
      list.items.push(this.#flowItem())
      this.skipToContent(true)
      if (this.at() === COMMA) this.pos++
      else if (this.text[this.pos] !== ']') this.unexpected("did not find expected ',' or ']'")
    }
    this.pos++
    this.leave()
    return list
  }

  /** An item of a flow list; `[a: b]` holds a map of one entry. */
  #flowItem(): Syntax {
    const offset = this.pos
    const explicit = this.atEntry(QUESTION)
    if (explicit) {
      this.pos++
      this.skipToContent(true)
    }
    const node = this.flowNode()
    const after = this.pos
    this.skipToContent(true)
    if (!explicit && !this.atEntry(COLON)) {
      this.pos = after
      return node
    }
    this.count()
    return { kind: 'map', offset, entries: [{ key: this.keyOf(node, node.offset), value: this.#flowValue() }] }
  }

  #flowMap(properties: Properties): Syntax {
    const map = this.with({ kind: 'map' as const, offset: this.pos, entries: [] as SyntaxEntry[] }, properties)
    this.count()
    this.enter()
    this.pos++
    for (;;) {
      this.skipToContent(true)
      if (this.text[this.pos] === '}') break
      if (this.at() === COMMA) this.fail('did not find expected node content')
      if (this.atEntry(QUESTION)) {
        this.pos++
        this.skipToContent(true)
      }
      const offset = this.pos
      const key = this.keyOf(this.flowNode(), offset)
      this.skipToContent(true)
      map.entries.push({ key, value: this.#flowValue() })
      this.skipToContent(true)
      if (this.at() === COMMA) this.pos++
      else if (this.text[this.pos] !== '}') this.unexpected("did not find expected ',' or '}'")
    }
    this.pos++
    this.leave()
    return map
  }

  /** What follows a key in a flow collection: a colon and a value, or nothing. */
  #flowValue(): Syntax {
    if (this.at() !== COLON) return this.scalar('', this.pos, {}, true)
    this.pos++
    this.skipToContent(true)
    return this.flowNode()
  }
}
