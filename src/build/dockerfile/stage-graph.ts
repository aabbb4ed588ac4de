import type { Stage } from './dockerfile.ts'
import type { Instruction } from './instruction.ts'

/** Where files come from: what FROM, `COPY --from` and `--mount=from=` point at. */
export type Origin =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly stage: number }
  /** `platform` as FROM wrote it (`linux/arm64`); without it the platform of the build. */
  | { readonly kind: 'image'; readonly reference: string; readonly platform?: string }
  /** `--build-context NAME=...`, `additional_contexts` */
  | { readonly kind: 'context'; readonly name: string; readonly platform?: string }

export interface StageNode {
  readonly stage: Stage
  readonly base: Origin
  /** The stage's own, after the ONBUILD triggers of its base. */
  readonly instructions: readonly Instruction[]
  /** What an instruction reads from besides the build context: keyed by the name written there. */
  readonly origins: ReadonlyMap<string, Origin>
  /** Stages it needs, without itself: its base and those it reads from. */
  readonly needs: readonly number[]
}

/** Only what the target needs, each stage after those it needs itself; the target comes last. */
export type StageGraph = readonly StageNode[]

export interface StageGraphOptions {
  /** The name or number of a stage; without it the last one. */
  readonly target?: string
  /** Names of additional contexts, which go before stages and images of the same name. */
  readonly contexts: readonly string[]
  /** `OnBuild` of a base that is an image or a context; asked once for each stage that has one. */
  readonly triggersOf: (base: Origin) => Promise<readonly string[]>
}
