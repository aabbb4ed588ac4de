import type { Cli } from '../cli.ts'
import { isTrue } from '../globals.ts'
import { tellWarning } from '../progress/warnings.ts'
import { Footer } from './footer.ts'
import { listenToKeys } from './keys.ts'
import type { WatchToggle } from './watch-toggle.ts'

/**
 * Whether `up` has its menu: where a user sits at a terminal on both ends, unless something says no.
 * @param flag `--menu`. @param variable COMPOSE_MENU
 */
export function wantsMenu(cli: Cli, flag: boolean | undefined, variable: string | undefined): boolean {
  const { stdin, stdout, options } = cli
  const possible = !!stdin.isTTY && !!stdout.isTTY && options.ansi !== 'never' && options.progress !== 'json'
  if (flag && !possible) tellWarning(cli, { message: '--menu needs a terminal: there is no menu' })
  return possible && (flag ?? (!variable || isTrue(variable)))
}

export interface Menu {
  readonly watch: WatchToggle
  readonly switchWatch: () => void
  readonly detach: () => void
}

/** The keys that `up` in the foreground heeds, in a line at the bottom of the terminal. */
export function openMenu({ stdin, stdout, stderr }: Cli, { watch, switchWatch, detach }: Menu): Disposable {
  using opened = new DisposableStack()
  const footer = opened.use(new Footer(stdout, stderr))
  const show = () => footer.set(`w ${watch.on ? 'Disable' : 'Enable'} Watch   d Detach`)
  const keys: Readonly<Record<string, () => void>> = {
    d: detach,
    w: switchWatch,
    // Room between what was and what comes, as users of a terminal make it.
    '\r': () => stdout.write('\n'),
  }
  opened.use(listenToKeys(stdin, key => keys[key]?.(), show))
  watch.changed = show
  opened.defer(() => {
    watch.changed = () => {}
  })
  show()
  return opened.move()
}
