import { Button, Kbd, NativeSelect, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { CATEGORIES } from '@/state/queries/deposits';
import type { Category, Suggestion } from '@/state/queries/deposits';

import { usePercent } from './weight';

/** How a category is called; the API's own names know no Khmer. */
export function useCategoryName() {
  const { t } = useTranslation();
  return (category: string) => t(`selling.eee.${category.slice(-1) as '1'}`);
}

interface Props {
  suggestions: readonly Suggestion[];
  value: Category | null;
  onValue: (category: Category) => void;
  /** Whether 1, 2 and 3 choose, so that it is worth saying. */
  hasKeys?: boolean;
}

/** The categories that the classifier suggests, how sure it is of each, and all the others. */
export function CategoryChoice({ suggestions, value, onValue, hasKeys }: Props) {
  const { t } = useTranslation();
  const name = useCategoryName();
  const percent = usePercent();
  return (
    <Stack gap="xs" role="group" aria-label={t('deposits.category')}>
      {suggestions.length > 0 && <Text fw={500}>{t('deposits.suggested')}</Text>}
      {suggestions.map((suggestion, at) => {
        const category = suggestion.category as Category;
        const isChosen = category === value;
        return (
          <Button
            key={category}
            fullWidth
            styles={{ label: { flex: 1, textAlign: 'left' } }}
            variant={isChosen ? 'light' : 'default'}
            aria-pressed={isChosen}
            leftSection={
              hasKeys === true ? (
                <Kbd visibleFrom="sm" aria-hidden>
                  {at + 1}
                </Kbd>
              ) : undefined
            }
            rightSection={
              <span data-testid={`confidence-${category}`}>{percent(suggestion.confidence)}</span>
            }
            onClick={() => {
              onValue(category);
            }}
          >
            {isChosen ? '✓ ' : ''}
            {name(category)}
          </Button>
        );
      })}
      <NativeSelect
        size="md"
        label={t('deposits.category')}
        value={value ?? ''}
        data={[
          ...(value === null ? [{ value: '', label: t('deposits.choose') }] : []),
          ...CATEGORIES.map((category) => ({ value: category, label: `${category} ${name(category)}` })),
        ]}
        onChange={(event) => {
          if (event.currentTarget.value !== '') onValue(event.currentTarget.value as Category);
        }}
      />
    </Stack>
  );
}
