import { Input, Skeleton } from '@mantine/core'
import { lazy, Suspense, useId } from 'react'
import { fieldsBefore } from '../../../../flow/fields'
import { editor } from '../../../../flow/store'
import classes from '../Inspector.module.css'
import { useForm } from './context'
import { type FieldProps, text, useCommon } from './ValueField'

const Expression = lazy(() => import('./Expression'))

/** CEL, in an editor that is loaded when the first expression is shown. */
export function ExpressionField(props: FieldProps) {
  const { value, onChange, problems } = props
  const { node, isReadOnly } = useForm()
  const common = useCommon(props)
  const { label, description, error, withAsterisk, placeholder } = common
  const id = useId()
  const set = (typed: string) => onChange(typed === '' ? undefined : typed)
  return (
    <Input.Wrapper {...{ label, description, error, withAsterisk }} size="xs" labelElement="div" id={id}>
      <div className={classes['expression']} data-bad={problems.length > 0}>
        <Suspense fallback={<Skeleton height={26} />}>
          <Expression
            label={label}
            value={text(value)}
            hint={placeholder}
            isReadOnly={isReadOnly}
            positions={problems.flatMap(({ position, message }) =>
              position ? [{ ...position, message }] : [],
            )}
            names={() => fieldsBefore(editor.getState().draft, editor.getState().types, node.id)}
            onChange={set}
            onBlur={() => editor.getState().seal()}
          />
        </Suspense>
      </div>
    </Input.Wrapper>
  )
}
