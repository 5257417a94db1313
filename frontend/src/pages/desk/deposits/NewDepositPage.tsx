import { Alert, Button, Card, Loader, Select, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { useActKey } from '@/components/useActKey';
import { knownLanguage, useClassification, useRecordDeposit } from '@/state/queries/deposits';
import type { Category } from '@/state/queries/deposits';
import { useMe } from '@/state/queries/me';
import { useBranches } from '@/state/queries/places';

import { useMay } from '../parts/useMay';
import { CategoryChoice, useCategoryName } from './CategoryChoice';
import { DepositHead } from './DepositHead';
import { named } from './Facts';
import { GoodsFields, goodsOf } from './GoodsFields';
import { useWeight } from './weight';

const NOTHING = { description: '', quantity: '1', kilograms: '' };

/** Tells what came in, one thing after the other: the form stays for the next. */
export function NewDepositPage() {
  const { t, i18n } = useTranslation();
  const weight = useWeight();
  const name = useCategoryName();
  const mayList = useMay()('admin:read');
  const me = useMe();
  const branches = (useBranches(mayList).data ?? []).filter((branch) => branch.isActive);
  const first = useRef<HTMLTextAreaElement>(null);
  const [key, renew] = useActKey();
  const [typed, setTyped] = useState(NOTHING);
  const [picked, setPicked] = useState<Category | null>(null);
  const [branchId, setBranchId] = useState<string | null>(null);
  const [text] = useDebouncedValue(typed.description.trim(), 300);
  const found = useClassification(text, i18n.language);
  const record = useRecordDeposit();
  const goods = goodsOf(typed);
  const suggested = text === '' ? [] : (found.data?.suggestions ?? []);
  const isUnsure = found.data?.needsChoice === true && text !== '';
  // The first suggestion stands by itself only where the classifier is sure enough.
  const category = picked ?? (isUnsure ? null : ((suggested[0]?.category as Category | undefined) ?? null));
  const isAsked = text === typed.description.trim() && !found.isFetching;
  const isReady = goods !== null && category !== null && isAsked;
  const submit = () => {
    if (!isReady || record.isPending) return;
    const where = branchId ?? me.data?.branch?.id ?? null;
    record.mutate(
      { body: { ...goods, category: picked, branchId: where, lang: knownLanguage(i18n.language) }, key },
      {
        onSuccess: () => {
          renew();
          setTyped(NOTHING);
          setPicked(null);
          first.current?.focus();
        },
      },
    );
  };
  return (
    <Stack>
      <DepositHead title={t('deposits.new.title')} />
      <Card className="surface" maw={640} w="100%">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <Stack>
            {branches.length > 1 && (
              <Select
                label={t('office.branch')}
                value={branchId ?? me.data?.branch?.id ?? null}
                allowDeselect={false}
                data={branches.map((branch) => ({ value: branch.id, label: branch.name }))}
                onChange={setBranchId}
              />
            )}
            <GoodsFields
              typed={typed}
              first={first}
              onTyped={(changed) => {
                // What was chosen for other words says nothing about these.
                if (changed.description !== typed.description) setPicked(null);
                setTyped(changed);
              }}
            >
              {found.isFetching && <Loader aria-label={t('common.loading')} />}
              {isUnsure && <Text fw={600}>{t('deposits.new.unsure')}</Text>}
              <CategoryChoice suggestions={suggested} value={category} onValue={setPicked} />
            </GoodsFields>
            <Refusal error={record.error ?? found.error} />
            {record.data !== undefined && (
              <Alert role="status" data-testid="recorded">
                {t('deposits.new.recorded', {
                  what: `${named(record.data)}, ${weight(record.data.weightGrams)}, ${name(record.data.category)}`,
                })}
              </Alert>
            )}
            <Button type="submit" size="lg" loading={record.isPending} disabled={!isReady}>
              {t('deposits.new.do')}
            </Button>
          </Stack>
        </form>
      </Card>
    </Stack>
  );
}
