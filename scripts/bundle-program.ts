import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { type BuildOptions, build, transform } from 'esbuild'

/** One function of the bundle: what stands in a module of its own in esbuild's output. */
interface Chunk {
  /** As the others ask for it: `./chunk-2DEQDUHU.js`. */
  readonly name: string
  /** CommonJS. */
  readonly code: string
}

interface ProgramText {
  /** An expression in ASCII: a function of `require` and of the URL of its file, which runs the program. */
  readonly text: string
  /** Another one for every other text. */
  readonly digest: string
}

/**
 * The command line as one text. What is loaded together is a function, so V8 compiles, and launch.ts keeps, no more than
 * what a command comes to; to read one file takes a fraction of what it takes to find and link the forty a command needs.
 * @param entry the source it begins with
 */
export async function bundleProgram(entry: string, options: BuildOptions): Promise<ProgramText> {
  const { outputFiles } = await build({
    ...options,
    entryPoints: { entry },
    format: 'esm',
    splitting: true,
    legalComments: 'inline',
    write: false,
  })
  const chunks = await Promise.all(outputFiles.map(({ path, text }) => asCommonJs(`./${basename(path)}`, text)))
  const text = join(chunks).replace(/[^\0-\x7f]/g, escaped)
  return { text, digest: createHash('sha256').update(text).digest('hex').slice(0, 16) }
}

async function asCommonJs(name: string, module: string): Promise<Chunk> {
  const { code } = await transform(module, {
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'programUrl' },
    minifyWhitespace: true,
    minifySyntax: true,
    // Names stay, and lines that fit a screen: somebody is to read the stack of an error.
    lineLimit: 120,
    legalComments: 'inline',
  })
  return { name, code }
}

/** What esbuild leaves of other characters stands in regular expressions. */
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

const join = (chunks: readonly Chunk[]): string => `(function (require, programUrl) {
"use strict";
const chunks = {
${chunks.map(({ name, code }) => `${JSON.stringify(name)}(require, module, exports) {\n${code}},\n`).join('')}};
const loaded = new Map();
function load(name) {
  const chunk = chunks[name];
  if (!chunk) return require(name);
  let module = loaded.get(name);
  if (!module) {
    module = { exports: {} };
    loaded.set(name, module);
    chunk(load, module, module.exports);
  }
  return module.exports;
}
load("./entry.js");
})
`
