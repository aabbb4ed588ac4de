import { TscomposeError } from '../../../errors.ts'
import { quote } from '../go-format.ts'
import type { MapNode, Node } from './node.ts'
import { cloneNode } from './node.ts'
import type { Source } from './source.ts'
import type { Syntax, SyntaxAlias, SyntaxEntry, SyntaxMap } from './syntax.ts'

/** A path of keys and list indices, as steps. */
export type Path = readonly string[]

export interface Constructed {
  /** Undefined where the whole document is a `!reset`. */
  readonly node: Node | undefined
  /** Where `!reset` and `!override` stood: what earlier documents say there is to be forgotten. */
  readonly resets: Path[]
}

/** Copies made for aliases; the Go parser allows as many while they are not nearly everything. */
const MAX_ALIAS_COPIES = 400_000

/** Works out aliases, merge keys, duplicate keys, `!reset` and `!override`. */
export function construct(source: Source, root: Syntax): Constructed {
  const builder = new Builder(source)
  return { node: builder.build(root, -1), resets: builder.resets }
}

class Builder {
  readonly resets: Path[] = []
  readonly #source: Source
  readonly #path: string[] = []
  /** Aliases that are being expanded, by what they stand for: meeting one of them again is a cycle. */
  readonly #aliases = new Map<Syntax, Path>()
  #copies = 0
  /** The alias in the text whose expansion all others are part of. */
  #outermost = 0

  constructor(source: Source) {
    this.#source = source
  }

  build(syntax: Syntax, keyOffset: number): Node | undefined {
    if (syntax.tag === '!reset') {
      this.resets.push([...this.#path])
      return undefined
    }
    if (syntax.tag === '!override') this.resets.push([...this.#path])
    if (this.#aliases.size > 0 && ++this.#copies > MAX_ALIAS_COPIES) this.#tooManyCopies()
    const at = { source: this.#source, offset: syntax.offset, keyOffset }
    switch (syntax.kind) {
      case 'scalar':
        return { kind: 'scalar', type: syntax.type, value: syntax.value, ...at }
      case 'alias':
        return this.#alias(syntax, keyOffset)
      case 'seq': {
        const items: Node[] = []
        for (const [index, item] of syntax.items.entries()) {
          this.#path.push(String(index))
          const node = this.build(item, -1)
          this.#path.pop()
          if (node) items.push(node)
        }
        return { kind: 'seq', items, ...at }
      }
      case 'map':
        return this.#map(syntax, { kind: 'map', entries: new Map(), ...at })
    }
  }

  #tooManyCopies(): never {
    throw new TscomposeError(
      'COMPOSE_YAML_LIMIT',
      `failed to parse ${this.#source.file}: yaml: document contains excessive aliasing`,
      { where: this.#source.where(this.#outermost) },
    )
  }

  #alias({ target, offset }: SyntaxAlias, keyOffset: number): Node | undefined {
    const before = this.#aliases.get(target)
    if (before)
      throw new TscomposeError(
        'COMPOSE_YAML_LIMIT',
        `failed to parse ${this.#source.file}: cycle detected: node at path ${this.#path.join('.')} references node at path ${before.join('.')}`,
        { where: this.#source.where(offset) },
      )
    if (this.#aliases.size === 0) this.#outermost = offset
    this.#aliases.set(target, [...this.#path])
    const node = this.build(target, keyOffset)
    this.#aliases.delete(target)
    return node
  }

  #map(syntax: SyntaxMap, map: MapNode): MapNode {
    const seen = new Map<string, SyntaxEntry>()
    const merges: SyntaxEntry[] = []
    for (const entry of syntax.entries) {
      const { key, value } = entry
      if (key.odd !== undefined) this.#refuseKey(key.odd, key.offset)
      const before = seen.get(key.name)
      if (before) this.#refuseDuplicate(entry, before)
      seen.set(key.name, entry)
      if (key.merge) {
        merges.push(entry)
        continue
      }
      this.#path.push(key.name)
      const node = this.build(value, key.offset)
      this.#path.pop()
      if (node) map.entries.set(key.name, node)
    }
    for (const { value } of merges) this.#merge(value, map)
    return map
  }

  /** `<<: *a` or `<<: [*a, *b]`: keys that are there already win, and the first of a list wins over the later. */
  #merge(value: Syntax, map: MapNode): void {
    const merged = this.build(value, -1)
    if (!merged) return
    const parts = merged.kind === 'seq' ? merged.items : [merged]
    for (const part of parts) {
      if (part.kind !== 'map')
        throw new TscomposeError(
          'COMPOSE_YAML_SYNTAX',
          `failed to parse ${this.#source.file}: yaml: map merge requires map or sequence of maps as the value`,
          { where: this.#source.where(value.offset) },
        )
      for (const [key, node] of part.entries) {
        const own = map.entries.get(key)
        if (!own) map.entries.set(key, node)
        else own.was ??= { node: cloneNode(node), by: 'merge key' }
      }
    }
  }

  #refuseKey(odd: string, offset: number): never {
    const shown = this.#path.reduce(
      (text, step, index) => (/^\d+$/.test(step) && index > 0 ? `${text}[${step}]` : index ? `${text}.${step}` : step),
      '',
    )
    throw new TscomposeError(
      'COMPOSE_KEY_INVALID',
      `non-string key ${shown ? `in ${shown}` : 'at top level'}: ${odd}`,
      {
        where: this.#source.where(offset),
        fix: 'Put the key in quotes.',
      },
    )
  }

  #refuseDuplicate({ key }: SyntaxEntry, before: SyntaxEntry): never {
    const line = this.#source.line(key.offset)
    const first = this.#source.line(before.key.offset)
    throw new TscomposeError(
      'COMPOSE_KEY_DUPLICATE',
      `failed to parse ${this.#source.file}: yaml: construct errors:\n  line ${line}: mapping key ${quote(key.name)} already defined at line ${first}`,
      { where: this.#source.where(key.offset), fix: 'Keep one of the two.' },
    )
  }
}
