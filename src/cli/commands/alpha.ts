import type { CommandTable } from '../command.ts'

/** Commands that docker compose keeps under this name: older copies of others, and two that are only here. */
export const commands: CommandTable = {
  'dry-run': { summary: 'Show what a command would do', load: () => import('./alpha/dry-run.ts') },
  publish: { summary: 'As publish', load: () => import('./publish.ts'), asksOutside: true },
  scale: { summary: 'As scale', load: () => import('./scale.ts') },
  viz: { summary: 'Draw which service waits for which, for Graphviz', load: () => import('./alpha/viz.ts') },
  watch: { summary: 'As watch', load: () => import('./watch.ts'), asksOutside: true },
  generate: { summary: 'Not supported: a file made of containers', load: () => import('./alpha/generate.ts') },
}
