import { Button, Group, Stack, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { ReportView } from '@/components/ReportView';
import { download } from '@/state/download';
import { useX, useZ } from '@/state/queries/drawer';
import type { Session } from '@/state/queries/sessions';

const FORMS = ['pdf', 'csv', 'xlsx'] as const;

/** The X of an open drawer, the Z of a closed one: to read, to print, as a file. */
export function Reports({ session }: { session: Session }) {
  if (session.status !== 'OPEN') return <Z session={session} />;
  return session.registerId === null ? null : <X registerId={session.registerId} />;
}

function Z({ session }: { session: Session }) {
  const { t } = useTranslation();
  const z = useZ(session.id);
  return (
    <section aria-label="Z">
      <Stack>
        <Head
          title={t('till.close.z', { number: session.zNumber ?? '' })}
          path={`z/${session.id}/document?`}
        />
        <Refusal error={z.error} />
        {z.data !== undefined && <ReportView report={z.data} />}
      </Stack>
    </section>
  );
}

function X({ registerId }: { registerId: string }) {
  const x = useX(registerId);
  return (
    <section aria-label="X">
      <Stack>
        <Head title="X" path={`x/document?registerId=${registerId}&`} />
        <Refusal error={x.error} />
        {x.data !== undefined && <ReportView report={x.data} />}
      </Stack>
    </section>
  );
}

function Head({ title, path }: { title: string; path: string }) {
  const { t, i18n } = useTranslation();
  const save = useMutation({
    mutationFn: (form: string) =>
      download(`/v1/cash/sessions/reports/${path}format=${form}&lang=${i18n.language}`),
  });
  return (
    <>
      <Group justify="space-between">
        <Title order={2} size="h4">
          {title}
        </Title>
        <Group gap="xs" className="no-print">
          <Button
            variant="default"
            onClick={() => {
              print();
            }}
          >
            {t('till.close.print')}
          </Button>
          {FORMS.map((form) => (
            <Button
              key={form}
              variant="default"
              loading={save.isPending && save.variables === form}
              onClick={() => {
                save.mutate(form);
              }}
            >
              {form.toUpperCase()}
            </Button>
          ))}
        </Group>
      </Group>
      <Refusal error={save.error} />
    </>
  );
}
