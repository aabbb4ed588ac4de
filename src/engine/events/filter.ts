import type { EventMessage, Filters } from '../api.ts'
import { matchesExactly, matchesLabels, matchesPrefix, validateFilters } from '../filters.ts'

const accepted = ['container', 'daemon', 'event', 'image', 'label', 'network', 'scope', 'type', 'volume']

/** Whether an event is one of those that `filters` ask for (moby daemon/events/filter.go). */
export function eventFilter(filters: Filters = {}): (event: EventMessage) => boolean {
  validateFilters(filters, accepted)
  const objects = (['container', 'network', 'volume', 'daemon'] as const).filter(type => filters[type]?.length)
  return event =>
    matchesExactly(filters, 'type', event.Type) &&
    matchesExactly(filters, 'scope', event.scope) &&
    matchesAction(filters, event.Action) &&
    matchesLabels(filters, event.Actor.Attributes) &&
    matchesImage(filters, event) &&
    (objects.length === 0 || objects.some(type => event.Type === type && matchesActor(filters, type, event)))
}

/** `health_status` also stands for `health_status: healthy`, and `exec_start` for `exec_start: sh -c ...`. */
const matchesAction = (filters: Filters, action: string): boolean =>
  matchesExactly(filters, 'event', action) || matchesExactly(filters, 'event', action.replace(/:.*/s, ''))

const matchesActor = (filters: Filters, type: string, { Actor }: EventMessage): boolean =>
  matchesPrefix(filters, type, Actor.ID) || matchesPrefix(filters, type, Actor.Attributes.name ?? '')

const withoutTag = (reference: string): string => reference.replace(/(:[^:/]+)?(@.*)?$/, '')

function matchesImage(filters: Filters, { Type, Actor }: EventMessage): boolean {
  if (!filters.image?.length) return true
  const name = Type === 'image' ? Actor.Attributes.name : Actor.Attributes.image
  return [Actor.ID, name, withoutTag(Actor.ID), name && withoutTag(name)].some(
    candidate => candidate !== undefined && filters.image?.includes(candidate),
  )
}
