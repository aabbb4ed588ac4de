import { posix } from 'node:path'
import { expand } from './expand.ts'
import type { Flags } from './flags.ts'
import { readHeredocStart } from './heredoc.ts'
import type { Heredoc, WrittenCopy } from './instruction.ts'
import type { InstructionLine } from './instruction-line.ts'
import { invalid } from './lines.ts'

const kinds = {
  ADD: {
    chown: 'text',
    chmod: 'text',
    link: 'boolean',
    exclude: 'texts',
    checksum: 'text',
    'keep-git-dir': 'boolean',
    unpack: 'boolean',
  },
  COPY: { from: 'text', chown: 'text', chmod: 'text', link: 'boolean', exclude: 'texts', parents: 'boolean' },
} as const

/** `COPY [flags] source... target`, and ADD. */
export function readCopy(line: InstructionLine, keyword: 'ADD' | 'COPY'): WrittenCopy {
  const json = line.json()
  const words = json ?? line.list()
  if (words.length < 2) {
    line.fail(
      `${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`,
    )
  }
  const flags = line.flags(kinds[keyword])
  const target = words.at(-1) ?? ''
  const sources: string[] = []
  const heredocs: Heredoc[] = []
  for (const word of words.slice(0, -1)) {
    const heredoc = json ? undefined : heredocOf(line, word)
    if (heredoc) heredocs.push(named(line, heredoc))
    else sources.push(word)
  }
  if (!json && heredocOf(line, target)) line.fail(`${keyword} cannot accept a heredoc as a destination`)
  return {
    sources,
    heredocs,
    target,
    link: flags.boolean('link') ?? false,
    parents: flags.boolean('parents') ?? false,
    excludes: flags.texts('exclude'),
    ...texts(flags, 'chown', 'chmod', 'checksum'),
    ...from(flags),
    ...booleans(flags),
  }
}

function heredocOf(line: InstructionLine, word: string): Heredoc | undefined {
  const start = readHeredocStart(word)
  return start && line.heredocs.find(({ name }) => name === start.name)
}

/** A file is called like the last part of its here-document's name. */
function named(line: InstructionLine, heredoc: Heredoc): Heredoc {
  const name = posix.basename(heredoc.name)
  if (name === '' || name === '.' || name === '..') line.fail(`a heredoc cannot make a file called "${heredoc.name}"`)
  return { ...heredoc, name }
}

function from(flags: Flags): { readonly from?: string } {
  const name = flags.text('from')
  const [where] = flags.places('from')
  if (!name || !where) return {}
  if (hasVariable(name)) {
    invalid(
      where,
      'variable expansion is not supported for --from',
      'define a new stage with FROM, which may use an ARG from before the first FROM, and copy from that',
    )
  }
  return { from: name }
}

function hasVariable(text: string): boolean {
  const { matched, unmatched } = expand(text, () => undefined, { escape: '\\', keepUnset: true })
  return matched.size + unmatched.size > 0
}

function texts<Name extends string>(flags: Flags, ...names: readonly Name[]): { readonly [N in Name]?: string } {
  const given = names.filter(name => flags.text(name))
  return Object.fromEntries(given.map(name => [name, flags.text(name)])) as { readonly [N in Name]?: string }
}

function booleans(flags: Flags): { readonly keepGitDir?: boolean; readonly unpack?: boolean } {
  const keepGitDir = flags.boolean('keep-git-dir')
  const unpack = flags.boolean('unpack')
  return { ...(keepGitDir !== undefined && { keepGitDir }), ...(unpack !== undefined && { unpack }) }
}
