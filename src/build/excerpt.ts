import type { Dockerfile } from './dockerfile/dockerfile.ts'
import type { Excerpt } from './request.ts'

/** Lines before and after an instruction that are shown with it. */
const AROUND = 2
/** Of a long instruction. */
const MOST = 12

/** Shows an instruction by its place, `Dockerfile:7`; undefined for what is not in this file, as a trigger of a base. */
export function excerptsOf(
  { file, stages, globalArgs }: Dockerfile,
  text: string,
): (where: string) => Excerpt | undefined {
  const all = text.split(/\r?\n/)
  const starts = [...globalArgs, ...stages.flatMap(({ from, instructions }) => [from, ...instructions])].map(
    ({ where }) => where.line,
  )
  return where => {
    const first = starts.find(line => where === `${file}:${line}`)
    if (first === undefined) return undefined
    let last = Math.min(...starts.filter(line => line > first), all.length + 1) - 1
    while (last > first && /^\s*(#|$)/.test(all[last - 1] ?? '')) last--
    const end = Math.min(last + AROUND, first + MOST, all.length)
    const begin = Math.max(1, first - AROUND)
    const lines = all.slice(begin - 1, end).map((line, index) => ({
      number: begin + index,
      text: line,
      isOf: begin + index >= first && begin + index <= last,
    }))
    return { where, lines }
  }
}
