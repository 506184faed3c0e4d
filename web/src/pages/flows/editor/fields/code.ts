/** A small editor of one CEL expression: colours, completion of names, undo of its own, marks where something is wrong. */
import { autocompletion, type CompletionContext, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { EditorState, StateEffect, StateField } from '@codemirror/state'
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  keymap,
  MatchDecorator,
  placeholder,
  ViewPlugin,
} from '@codemirror/view'
import classes from './code.module.css'

/** A place in the text, counted from 1, and what is wrong there. */
export interface Mark {
  line: number
  column: number
  message: string
}

interface Options {
  label: string
  hint: string
  isReadOnly: boolean
  text: string
  names: () => readonly string[]
  changed: (text: string) => void
  left: () => void
}

const NAMES: readonly [name: string, word: string][] = [
  ['value', 'the value'],
  ['unit', 'text, empty for none'],
  ['ts', 'event time in milliseconds'],
  ['device', 'its id'],
  ['sensor', 'its name'],
  ['prev.value', 'of the record before'],
  ['prev.ts', 'of the record before'],
  ['has(prev.value)', 'false on the first record'],
]
const CALLS = [
  ...['size', 'contains', 'startsWith', 'endsWith', 'matches', 'double', 'int', 'string', 'bool', 'has'],
  ...[
    'abs',
    'sign',
    'sqrt',
    'ceil',
    'floor',
    'round',
    'trunc',
    'isNaN',
    'isInf',
    'isFinite',
    'greatest',
    'least',
  ].map(name => `math.${name}`),
]

export class Code {
  readonly #view: EditorView

  constructor(parent: HTMLElement, { label, hint, isReadOnly, text, names, changed, left }: Options) {
    const complete = (context: CompletionContext) => {
      const word = context.matchBefore(/[\w.]+/)
      if (!word && !context.explicit) return null
      const options = [
        ...NAMES.map(([label, detail]) => ({ label, detail, type: 'variable' })),
        ...names().map(name => ({ label: `fields.${name}`, detail: 'what comes in', type: 'property' })),
        ...CALLS.map(name => ({ label: name, apply: `${name}(`, type: 'function' })),
      ]
      return { from: word?.from ?? context.pos, options, validFor: /^[\w.]*$/ }
    }
    this.#view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text,
        extensions: [
          history(),
          drawSelection(),
          autocompletion({ override: [complete], icons: false }),
          keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
          EditorState.readOnly.of(isReadOnly),
          placeholder(hint),
          colours,
          marks,
          EditorView.updateListener.of(update => {
            if (
              update.docChanged &&
              !update.transactions.some(({ annotation: _, effects }) => effects.some(e => e.is(shown)))
            ) {
              changed(update.state.doc.toString())
            }
          }),
          EditorView.domEventHandlers({ blur: left }),
        ],
      }),
    })
  }

  /** Shows another text, such as after an undo of the diagram. */
  show(text: string): void {
    const { doc } = this.#view.state
    if (doc.toString() === text) return
    this.#view.dispatch({ changes: { from: 0, to: doc.length, insert: text }, effects: shown.of(null) })
  }

  mark(wrong: readonly Mark[]): void {
    const { doc } = this.#view.state
    const ranges = wrong.flatMap(({ line, column, message }) => {
      if (line > doc.lines || doc.length === 0) return []
      const { from, to } = doc.line(line)
      // at the end of the text there is nothing to underline but what is before it
      const at = Math.max(0, Math.min(from + column - 1, to - 1))
      const word = /^[\w.]+/.exec(doc.sliceString(at, to))?.[0].length ?? 1
      return [
        Decoration.mark({ class: classes['wrong'] ?? '', attributes: { title: message } }).range(
          at,
          Math.min(at + word, to),
        ),
      ]
    })
    this.#view.dispatch({
      effects: marked.of(
        Decoration.set(
          ranges.filter(({ from, to }) => from < to),
          true,
        ),
      ),
    })
  }

  remove(): void {
    this.#view.destroy()
  }
}

/** The text is one that was given, not typed. */
const shown = StateEffect.define<null>()
const marked = StateEffect.define<DecorationSet>()

const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(before, transaction) {
    let next = before.map(transaction.changes)
    for (const effect of transaction.effects) if (effect.is(marked)) next = effect.value
    return next
  },
  provide: field => EditorView.decorations.from(field),
})

const tokens = new MatchDecorator({
  regexp:
    /'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|\b\d+(?:\.\d+)?\b|\b(?:value|unit|ts|device|sensor|fields|prev)\b/g,
  decoration: ([token]) => {
    const kind = /^['"]/.test(token) ? 'text' : /^\d/.test(token) ? 'number' : 'name'
    return Decoration.mark({ class: classes[kind] ?? '' })
  },
})

const colours = ViewPlugin.define(
  view => ({
    decorations: tokens.createDeco(view),
    update(update) {
      this.decorations = tokens.updateDeco(update, this.decorations)
    },
  }),
  { decorations: plugin => plugin.decorations },
)
