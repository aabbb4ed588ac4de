import { setTimeout as delay } from 'node:timers/promises'
import { whenAborted } from '../apply/apply.ts'
import type { WatchRule } from './rules.ts'
import { type TreeChanges, WatchedTree } from './tree.ts'

/** What has changed for a rule. */
export interface RuleChanges extends TreeChanges {
  readonly rule: WatchRule
}

/** Changes belong together until nothing has changed for so long, or they have been coming for longer than that. */
const quietMs = 50
const longestMs = 1000

/** All that is watched, and its changes in batches. */
export class Watching implements Disposable {
  readonly #watched: { readonly rule: WatchRule; readonly tree: WatchedTree; changed: boolean }[] = []
  #wake = Promise.withResolvers<void>()
  #lastChange = 0

  /** Everything is watched when the promise resolves. @throws TscomposeError COMPOSE_WATCH_FAILED */
  static async open(rules: readonly WatchRule[]): Promise<Watching> {
    const watching = new Watching()
    try {
      for (const rule of rules) await watching.#add(rule)
      return watching
    } catch (error) {
      watching[Symbol.dispose]()
      throw error
    }
  }

  async #add(rule: WatchRule): Promise<void> {
    const notify = () => {
      watched.changed = true
      this.#lastChange = performance.now()
      this.#wake.resolve()
    }
    const watched = { rule, tree: await WatchedTree.open(rule.path, rule.filter, () => notify()), changed: false }
    this.#watched.push(watched)
  }

  /** All files of a rule, as if each had just been made. */
  everything(rule: WatchRule): RuleChanges {
    return { rule, changed: this.#watched.find(watched => watched.rule === rule)?.tree.files ?? [], removed: [] }
  }

  /** One batch after the other, until the signal aborts. What changes meanwhile is in the next one. */
  async *batches(signal: AbortSignal): AsyncGenerator<readonly RuleChanges[]> {
    using aborted = whenAborted(signal)
    while (!signal.aborted) {
      await Promise.race([this.#wake.promise, aborted.promise.catch(() => {})])
      const first = performance.now()
      for (let now = first; now - this.#lastChange < quietMs && now - first < longestMs; now = performance.now())
        await delay(quietMs - (now - this.#lastChange))
      if (signal.aborted) return
      this.#wake = Promise.withResolvers()
      const batch: RuleChanges[] = []
      for (const watched of this.#watched) {
        if (!watched.changed) continue
        watched.changed = false
        const { changed, removed } = await watched.tree.take()
        if (changed.length + removed.length > 0) batch.push({ rule: watched.rule, changed, removed })
      }
      if (batch.length > 0) yield batch
    }
  }

  [Symbol.dispose](): void {
    for (const { tree } of this.#watched) tree[Symbol.dispose]()
  }
}
