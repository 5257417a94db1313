import { Select } from '@mantine/core';
import { useTranslation } from 'react-i18next';

interface Props<T extends string> {
  label: string;
  value: T | null;
  data: readonly { value: T; label: string }[];
  onValue: (value: T | null) => void;
  isSearchable?: boolean;
}

/** Narrows a list to one of these; left empty, it shows all. */
export function Choice<T extends string>({ label, value, data, onValue, isSearchable }: Props<T>) {
  const { t } = useTranslation();
  return (
    <Select
      label={label}
      placeholder={t('office.all')}
      value={value}
      data={data}
      maw={320}
      clearable
      searchable={isSearchable ?? false}
      clearButtonProps={{ 'aria-label': t('office.clear'), size: 'lg' }}
      onChange={onValue}
    />
  );
}
