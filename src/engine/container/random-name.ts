import { randomInt } from 'node:crypto'

const adjectives = (
  'amber brave calm clever crisp eager fair fond gentle glad keen kind lively lucid mellow merry nimble ' +
  'noble patient plucky quiet rapid steady sunny swift tidy vivid warm witty zesty'
).split(' ')

const birds = (
  'avocet bittern bunting crane curlew dipper dunlin egret falcon finch gannet grebe heron hoopoe ibis ' +
  'jackdaw kestrel lapwing linnet magpie merlin nuthatch oriole osprey petrel plover puffin raven robin ' +
  'siskin snipe swallow teal thrush tern wagtail warbler wren'
).split(' ')

const pick = (words: readonly string[]): string => words[randomInt(words.length)] ?? ''

/** A name for a container that nobody named, such as `swift_heron`; with a number if short names are taken. */
export function randomName(isFree: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const name = `${pick(adjectives)}_${pick(birds)}${attempt < 5 ? '' : randomInt(10 ** Math.min(attempt - 3, 9))}`
    if (isFree(name)) return name
  }
}
