import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { useCategories, useSaveCategory } from '@/state/queries/products';

import { useOpener } from './useOpener';

/** The shelves of the catalogue: named, added, put away. */
export function Categories({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  useOpener();
  const categories = useCategories();
  const save = useSaveCategory();
  const [name, setName] = useState('');
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('office.catalogue.categories')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        {categories.data?.map((category) => (
          <Group key={category.id} justify="space-between" wrap="nowrap">
            <TextInput
              flex={1}
              aria-label={t('office.catalogue.nameOf', { name: category.name })}
              defaultValue={category.name}
              maxLength={120}
              onBlur={(event) => {
                const changed = event.currentTarget.value.trim();
                if (changed !== '' && changed !== category.name) {
                  save.mutate({ id: category.id, body: { name: changed } });
                }
              }}
            />
            <TextInput
              type="color"
              w={64}
              aria-label={t('office.catalogue.colourOf', { name: category.name })}
              defaultValue={category.colour ?? '#69645a'}
              onBlur={(event) => {
                const colour = event.currentTarget.value;
                if (colour !== (category.colour ?? '#69645a')) {
                  save.mutate({ id: category.id, body: { colour } });
                }
              }}
            />
            <Button
              variant="default"
              onClick={() => {
                save.mutate({ id: category.id, body: { isActive: !category.isActive } });
              }}
            >
              {t(category.isActive ? 'office.deactivate' : 'office.activate')}
            </Button>
          </Group>
        ))}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim() === '' || save.isPending) return;
            save.mutate(
              { id: null, body: { name: name.trim() } },
              {
                onSuccess: () => {
                  setName('');
                },
              },
            );
          }}
        >
          <Group align="flex-end" wrap="nowrap">
            <TextInput
              flex={1}
              label={t('office.catalogue.newCategory')}
              value={name}
              maxLength={120}
              onChange={(event) => {
                setName(event.currentTarget.value);
              }}
            />
            <Button type="submit" loading={save.isPending}>
              {t('office.save')}
            </Button>
          </Group>
        </form>
        <Refusal error={save.error ?? categories.error} />
      </Stack>
    </Modal>
  );
}
