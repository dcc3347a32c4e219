from django.db import migrations


class Migration(migrations.Migration):
    """A reply's row is written each second while its answer streams: with room on its page no index is touched."""

    dependencies = [("conversations", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE conversations_reply SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02)",
            "ALTER TABLE conversations_reply RESET (fillfactor, autovacuum_vacuum_scale_factor)",
        )
    ]
